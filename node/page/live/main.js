import { byId, say } from '../shared/dom.js'
import { count } from '../shared/words.js'
import * as api from './api.js'
import { showChannels } from './channels.js'
import { figures, outline, rates, scale, span } from './metrics.js'
import { Nodes } from './nodes.js'
import { WhyPart } from './why.js'

/** @import { Cluster } from './api.js' */
/** @import { Figures, Sample } from './metrics.js' */

/** How often the page asks for what is cheap, and what others have to be asked for, milliseconds. */
const [often, seldom] = [2_000, 5_000]

const nodes = new Nodes()
const why = new WhyPart()
/** @type {Sample[]} */
const samples = []
/** By how much the node's clock is ahead of ours, milliseconds. */
let ahead = 0

const now = () => Date.now() + ahead

/** Asks for all that is cheap. */
async function look() {
  const [cluster, text, channels] = await Promise.all([api.nodes(), api.metrics(), api.largest(10)])
  ahead = cluster.nodes[0].lastHeard - Date.now() // its own is now
  showFigures(figures(text))
  nodes.show(cluster.nodes, now())
  showChannels(channels)
  say(byId('whose'), `The cluster, as ${cluster.nodes[0].name} sees it.`)
  document.title = `${byId('users').textContent} online · Rollcall`
  byId('main').hidden = false
}

/** @param {Figures} f */
function showFigures(f) {
  samples.push({ at: Date.now(), joins: f.joins, leaves: f.leaves })
  while (samples[0].at < Date.now() - span - 30_000) samples.shift()
  say(byId('users'), String(f.users))
  say(byId('users-word'), f.users === 1 ? 'person connected' : 'people connected')
  const anonymous = f.anonymous ? `, ${f.anonymous} of them anonymous` : ''
  say(byId('more'), `${count(f.sessions, 'session')}${anonymous}, ${count(f.channels, 'channel')}.${f.incomplete ? ' Members may be missing: a node is late, or most were lost.' : ''}`)
  const all = rates(samples)
  const most = scale(all)
  const last = all.at(-1)
  const rate = (/** @type {number} */ n) => (n >= 10 ? String(Math.round(n)) : n.toFixed(1))
  say(byId('rates-title'), last
    ? `${rate(last.joins)} joins and ${rate(last.leaves)} leaves a second. Five minutes, joins upwards, leaves downwards, up to ${most} a second.`
    : 'Joins and leaves a second: counting…')
  const box = { now: Date.now(), width: 300, middle: 36, height: 34, most }
  for (const kind of /** @type {const} */ (['joins', 'leaves'])) path(kind).setAttribute('d', outline(all, kind, box))
}

/** @param {string} kind @returns {SVGPathElement} */
function path(kind) {
  const svg = byId('rates')
  let found = svg.querySelector(`.${kind}`)
  if (!found) {
    found = document.createElementNS('http://www.w3.org/2000/svg', 'path')
    found.setAttribute('class', kind)
    svg.append(found)
  }
  return found
}

/** Asks the others, through this node. */
async function inquire() {
  const { nodes: said } = await api.nodesAsked()
  nodes.hear(said, now())
}

/** Who is asked for behind the address of the page, as soon as the node answers; empty: nobody. */
let asked = wish(location.hash.slice(1))

/** @param {string} hash */
function wish(hash) {
  try {
    return hash === 'why' ? '' : decodeURIComponent(hash)
  } catch {
    return ''
  }
}

/** Whether the node wants a key that it was not given. */
let locked = false

/** Shows what went wrong; null: nothing did. @param {unknown} error */
function trouble(error) {
  if (error instanceof api.Refused && error.status === 401) return lock(Boolean(api.key.get()))
  byId('trouble').hidden = !error
  document.body.classList.toggle('stale', Boolean(error))
  if (!error) return
  const notReady = error instanceof api.Refused && error.code === 'not_ready'
  say(byId('trouble'), notReady ? 'This node is learning the cluster: a moment.' : error instanceof api.Refused
    ? `This node refuses to answer: ${error.message}.` : 'This node does not answer. What is shown is what it said last.')
}

/** Asks for a key. @param {boolean} wrong whether there was one */
function lock(wrong) {
  locked = true
  api.key.forget()
  byId('trouble').hidden = true
  byId('main').hidden = true
  byId('forget').hidden = true
  const form = byId('key-form')
  const fresh = form.hidden
  form.hidden = false
  byId('key-wrong').textContent = wrong ? 'The node does not take this key.' : ''
  if (fresh || wrong) byId('key').focus()
}

byId('key-form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
  event.preventDefault()
  api.key.set(byId('key').value.trim())
  byId('key').value = ''
  locked = false
  void poll()
})

byId('forget').addEventListener('click', () => lock(false))

byId('why-form').addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault()
  const user = byId('user').value
  history.replaceState(null, '', `#${encodeURIComponent(user)}`)
  await ask(user)
})

/** @param {string} user */
async function ask(user) {
  byId('why').setAttribute('aria-busy', 'true')
  try {
    await why.ask(user)
    byId('why-wrong').textContent = ''
  } catch (error) {
    if (error instanceof api.Refused && error.status === 401) lock(Boolean(api.key.get()))
    else byId('why-wrong').textContent = `Not answered: ${/** @type {Error} */ (error).message}.`
  }
  byId('why').removeAttribute('aria-busy')
  why.show(now())
}

/** Does something again and again, one at a time, while the page is looked at. @param {() => Promise<void>} what @param {number} pause */
function repeat(what, pause) {
  let running = false
  const once = async () => {
    if (running || locked || document.hidden) return
    running = true
    try {
      await what()
    } finally {
      running = false
    }
  }
  setInterval(once, pause)
  document.addEventListener('visibilitychange', once)
  return once
}

const poll = repeat(async () => {
  try {
    await look()
    byId('key-form').hidden = true
    byId('forget').hidden = !api.key.get()
    trouble(null)
    if (asked) {
      byId('user').value = asked
      void ask(asked)
      asked = ''
    }
  } catch (error) {
    trouble(error)
  }
}, often)
const others = repeat(() => inquire().catch(() => {}), seldom) // what is wrong, the poll says
repeat(() => why.again().catch(() => {}), seldom)
setInterval(() => why.show(now()), 1_000)

await poll()
void others()
