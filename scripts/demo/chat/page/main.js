import { byId, make, say } from './dom.js'
import { nameOf, showPeople } from './people.js'
import { post, readMessages, showNotice } from './talk.js'

/** How long after the last key somebody still types, milliseconds. */
const pause = 3_000

/** Who is idle after how long, milliseconds. */
const threshold = 60_000

const reasons = /** @type {Record<string, string>} */ ({
  left: 'said goodbye', logout: 'logged out', closed: 'connection closed', timeout: 'connection lost', expired: 'token over',
  kicked: 'sent away', node_lost: 'connection lost', missed: 'while you were away',
})

/** The name of this tab. Another tab may have another one. */
const shelf = 'chat:user'

/** @param {string} user @returns {Promise<string>} */
const token = async (user) => (await post('/token', { user })).token

/** Comes in as somebody: all that a page needs of Rollcall is in here. @param {string} user */
function enter(user) {
  const rollcall = new globalThis.Rollcall(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/v1/connect`, {
    token: () => token(user), // asked again whenever a fresh one is needed
  })
  const room = rollcall.join('lobby', { data: { typing: false } })
  room.on('join', (member) => showNotice('join', nameOf(member.user), ' came in'))
  room.on('leave', (member, reason) => showNotice('leave', nameOf(member.user), ` left (${reasons[reason] ?? reason})`))
  rollcall.monitor.start({ threshold })

  const draw = () => showPeople(room, user, rollcall.now())
  room.on('change', draw)
  setInterval(draw, 1_000) // for how long somebody is idle
  followNode(rollcall)
  rollcall.on('status', (status) => (byId('status').value = status))
  byId('status').addEventListener('change', () => rollcall.setStatus(byId('status').value).catch(complain))
  compose((typing) => room.update({ typing }).catch(() => {}), (text) => token(user).then((t) => post('/messages', { text }, { Authorization: `Bearer ${t}` })))

  sessionStorage.setItem(shelf, user)
  document.title = `${user} · Lobby`
  byId('door').hidden = true
  byId('chat').hidden = byId('served').hidden = false
  byId('text').focus()
  readMessages()
}

/** Shows which node serves us, and when that has changed. @param {import('../../../../client-js/src/rollcall.js').Rollcall} rollcall */
function followNode(rollcall) {
  let node = /** @type {string | null} */ (null)
  let session = /** @type {string | null} */ (null)
  const look = () => {
    const live = rollcall.state === 'online'
    byId('served').dataset.state = live ? 'live' : 'lost'
    if (rollcall.state === 'closed') return say(byId('served-text'), `closed: ${rollcall.error?.message ?? 'reload the page'}`)
    if (!live) return say(byId('served-text'), node ? 'looking for another node' : 'connecting')
    if (session === rollcall.session) return
    session = rollcall.session
    if (node && node !== rollcall.node) showNotice('move', 'You moved from node ', make('code', {}, node), ' to ', make('code', {}, rollcall.node ?? ''), '. Nobody else was told.')
    node = rollcall.node
    byId('served-text').replaceChildren('served by ', make('code', {}, node ?? ''))
  }
  rollcall.on('state', look)
  setInterval(look, 500) // a move to another node is no change of state
  look()
}

/**
 * Sends what is written, and tells that somebody writes.
 *
 * @param {(typing: boolean) => void} tell
 * @param {(text: string) => Promise<any>} send
 */
function compose(tell, send) {
  const text = byId('text')
  let typing = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const type = (/** @type {boolean} */ now) => {
    clearTimeout(timer)
    if (now) timer = setTimeout(() => type(false), pause)
    if (now !== typing) tell((typing = now))
  }
  text.addEventListener('input', () => type(text.value !== ''))
  byId('composer').addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault()
    const said = text.value.trim()
    text.value = ''
    type(false)
    if (!said) return
    send(said).then(() => say(byId('problem'), ''), (error) => {
      if (!text.value) text.value = said // what was written is not lost
      complain(error)
    })
  })
}

/** @param {Error} error */
const complain = (error) => say(byId('problem'), `Not possible: ${error.message}.`)

byId('door').addEventListener('submit', async (/** @type {Event} */ event) => {
  event.preventDefault()
  const user = byId('name').value.trim()
  try {
    await token(user)
  } catch (error) {
    say(byId('refusal'), `Not possible: ${/** @type {Error} */ (error).message}.`)
    return byId('name').focus()
  }
  enter(user)
})

const before = sessionStorage.getItem(shelf)
if (before) enter(before)
else {
  byId('door').hidden = false
  byId('name').focus()
}
