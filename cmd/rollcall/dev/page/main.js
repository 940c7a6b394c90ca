import { act, token, watch } from './api.js'
import { byId, make, say } from './dom.js'
import { Lanes } from './lanes.js'
import { Log } from './log.js'
import { showNodes } from './node-cards.js'
import { Register } from './register.js'
import { showSeats } from './seat-cards.js'
import { Seats } from './seats.js'
import { Watchers } from './watchers.js'
import { count, list } from './words.js'

/** @import { NodeState, Sight } from './api.js' */

/** What the buttons do: in words, and to the state of a node. */
const deeds = /** @type {Record<string, [string, NodeState]>} */ ({
  pause: ['paused', 'paused'], resume: ['resumed', 'running'], kill: ['killed', 'killed'], start: ['started', 'starting'],
})
const guests = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy']

const log = new Log()
const lanes = new Lanes()
const register = new Register()
/** @type {Sight | null} */
let sight = null
let channel = decode(location.hash.slice(1)) || 'room.1'

const seats = new Seats((seat, note) => {
  if (note) log.note(seat.info.user, note)
  draw()
})
const watchers = new Watchers((node, what) => {
  if (what) {
    log.told(node, what)
    lanes.mark(node, what.action)
  }
  draw()
})
const look = watch({
  cluster: see,
  people: (all) => {
    register.know(all)
    draw()
  },
  lost: () => {
    byId('freshness').hidden = false
    say(byId('freshness'), 'The server of this page does not answer. Is rollcall dev still running?')
  },
})

/** @param {string} hash */
function decode(hash) {
  try {
    return decodeURIComponent(hash)
  } catch {
    return ''
  }
}

/** Whether the name in the form is somebody's wish, and no suggestion of ours. */
let wished = false
byId('name').addEventListener('input', () => (wished = true))

let drawing = 0

/** Draws everything anew, once for all that happens at once. */
function draw() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0
    lanes.seats(seats.all)
    showSeats(seats.all, (seat) => seats.leave(seat))
    const rooms = sight ? sight.nodes.filter(({ state }) => state !== 'paused').map(({ name }) => watchers.room(name)) : []
    const dead = new Set(sight?.nodes.filter(({ state }) => state === 'killed').map(({ name }) => name))
    register.show(channel, rooms.find(Boolean), new Set(seats.all.map(({ info }) => info.user)), dead)
    byId('room-field').readOnly = seats.all.length > 0
    if (sight) showNodes(sight, (node) => watchers.room(node), doTo)
    if (!wished && document.activeElement !== byId('name')) suggest()
    say(byId('verdict'), judge())
    document.title = `${byId('count').textContent} here · Rollcall`
    log.quiet()
    lanes.draw()
  })
}

/** Says whether the nodes show the same. */
function judge() {
  if (!sight) return 'Looking…'
  const running = sight.nodes.filter(({ state }) => state === 'running')
  const shown = running.map(({ name }) => ({ name, room: watchers.room(name) })).filter(({ room }) => room)
  if (!running.length) return 'No node is running.'
  if (shown.length < running.length) return `${count(shown.length, 'node')} of ${running.length} that run can be asked.`
  const key = (/** @type {any} */ room) => JSON.stringify([...room.members.keys()].sort())
  const first = key(shown[0].room)
  const others = shown.filter(({ room }) => key(room) !== first).map(({ name }) => name)
  if (others.length) return `For now ${list(others)} ${others.length === 1 ? 'shows' : 'show'} others than ${shown[0].name}.`
  const whom = shown[0].room.count ? `the same ${count(shown[0].room.count, 'person', 'people')}` : 'an empty room'
  if (shown.length === 1) return `One node is running, and shows ${whom}.`
  return `${shown.length === 2 ? 'Both' : `All ${shown.length}`} running nodes show ${whom}.`
}

/** What we did to nodes, and have not yet seen done. @type {Map<string, NodeState>} */
const awaited = new Map()

/** @param {string} node @param {string} action */
async function doTo(node, action) {
  const [done, state] = deeds[action]
  log.deed(`you ${done} ${node}`) // now, so that it stands before what comes of it
  awaited.set(node, state)
  try {
    see(await act(node, action))
    tell(`You ${done} ${node}.`, false)
  } catch (error) {
    awaited.delete(node)
    tell(`Not done: ${/** @type {Error} */ (error).message}.`, true)
  }
}

/** Takes note of what was done to nodes from elsewhere. @param {Sight} former @param {Sight} next */
function compare(former, next) {
  next.nodes.forEach(({ name, state }, i) => {
    const before = former.nodes[i].state
    if (before === state) return
    if (awaited.get(name) === state) return awaited.delete(name)
    const deed = Object.entries(deeds).find(([action, [, becomes]]) => becomes === state && (action === 'resume') === (before === 'paused' && state === 'running'))
    if (deed && !(before === 'starting' && state === 'running')) log.deed(`somebody ${deed[1][0]} ${name}`)
  })
}

/** Has a screen reader say what came of a button, and shows it if that cannot be seen otherwise. @param {string} text @param {boolean} wrong */
function tell(text, wrong) {
  say(byId('outcome'), text)
  byId('outcome').className = wrong ? 'outcome' : 'unseen'
}

/** @param {Sight} next */
function see(next) {
  const first = !sight
  const urls = (/** @type {Sight} */ { nodes }) => nodes.map(({ url }) => url).join()
  if (sight && urls(sight) !== urls(next)) return location.reload() // another cluster, whose nodes this page may not connect to
  if (sight) compare(sight, next)
  sight = next
  byId('freshness').hidden = true
  lanes.nodes(next.nodes)
  watchers.look(channel, next.nodes)
  if (first) begin(next)
  draw()
}

/** Sets the form up, and takes the seats again that this tab had before a reload. @param {Sight} first */
function begin({ nodes }) {
  byId('node').replaceChildren(...nodes.map(({ name }) => make('option', { value: name }, name)))
  byId('room-field').value = channel
  for (const info of Seats.kept()) {
    if (info.room === channel) seats.take(info, nodes)
  }
}

/** Looks at another room. @param {string} room */
function enter(room) {
  channel = room
  register.know([])
  if (sight) watchers.look(channel, sight.nodes)
  look(channel)
}

/** Suggests who could come next. */
function suggest() {
  if (!sight) return
  const here = new Set(sight.nodes.flatMap(({ name }) => [...(watchers.room(name)?.members.keys() ?? [])]))
  for (const { info } of seats.all) here.add(info.user)
  byId('name').value = guests.find((name) => !here.has(name)) ?? ''
}

/** Suggests another node for the next one. */
function suggestNode() {
  const running = sight?.nodes.filter(({ state }) => state === 'running') ?? []
  if (running.length) byId('node').value = running[seats.all.length % running.length].name
}

/** How many seats one page has at most: each is a WebSocket. */
const mostSeats = 20

byId('come-in').addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault()
  if (!sight) return
  const [user, node, room] = ['name', 'node', 'room-field'].map((id) => byId(id).value)
  try {
    if (seats.all.length >= mostSeats) throw new Error(`this page has ${mostSeats} seats, and no more`)
    await token(user)
  } catch (error) {
    byId('refusal').textContent = `Not possible: ${/** @type {Error} */ (error).message}.`
    return byId('name').focus()
  }
  byId('refusal').textContent = ''
  if (room !== channel) {
    location.hash = encodeURIComponent(room)
    enter(room)
  }
  seats.take({ id: crypto.randomUUID(), user, node, room }, sight.nodes)
  wished = false
  suggest()
  suggestNode()
  draw()
})

addEventListener('hashchange', () => {
  const room = decode(location.hash.slice(1)) || 'room.1'
  if (room === channel || seats.all.length) return
  byId('room-field').value = room
  enter(room)
  draw()
})

look(channel)
setInterval(draw, 1_000) // for what says how long ago
