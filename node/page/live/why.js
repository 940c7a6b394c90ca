import { byId, fill, keep, make, named, say } from '../shared/dom.js'
import { clock, count } from '../shared/words.js'
import { why } from './api.js'
import { ending, facts, verdict } from './explain.js'

/** @import { Session, Why } from './api.js' */

/** How many channels are named. */
const most = 12

/** WhyPart is the part of the page that says why somebody is online. */
export class WhyPart {
  #shown = new Map()
  #user = ''
  /** @type {Why | null} */
  #told = null

  /** Whom is asked for; empty: nobody. */
  get user() {
    return this.#user
  }

  /** Asks for somebody; what is known of another one is not shown meanwhile. @param {string} user */
  ask(user) {
    if (user !== this.#user) this.#told = null
    this.#user = user
    byId('answer').hidden = !this.#told
    return this.again()
  }

  /** Asks again. An answer that comes when somebody else is asked for is dropped. */
  async again() {
    const user = this.#user
    if (!user) return
    const told = await why(user)
    if (user === this.#user) this.#told = told
  }

  /** @param {number} now by the node's clock */
  show(now) {
    const told = this.#told
    byId('answer').hidden = !told
    if (!told) return
    say(byId('verdict'), verdict(told, now))
    fill(byId('places'), ...places(told.channels))
    keep(byId('sessions'), this.#shown, told.sessions.map((session) => [session.id, { session, now }]), card)
  }
}

/** @param {string[]} channels */
function places(channels) {
  if (!channels.length) return ['In no channel.']
  const names = channels.slice(0, most).flatMap((name, i) => [i ? ', ' : '', named(name)])
  return [`In ${count(channels.length, 'channel')}: `, ...names, channels.length > most ? ' …' : '']
}

const states = /** @type {Record<string, string>} */ ({ online: 'online', away: 'away', broken: 'in grace' })

/** @typedef {{ session: Session, now: number }} Item */

/** @param {Item} item */
function card({ session: { id } }) {
  const title = make('h3', { id: `session-${id}` })
  const state = make('span', { class: 'status' })
  const from = make('p', { class: 'soft' })
  const known = make('p', { class: 'known' })
  const ends = make('ul', { class: 'ends', role: 'list', 'aria-label': 'What would end it' })
  const element = make('li', { class: 'session', 'aria-labelledby': title.id }, make('div', { class: 'head' }, title, state), from, known, ends, make('p', { class: 'id' }, id))
  element.show = (/** @type {Item} */ { session, now }) => {
    const { node, address, agent, connectedAt } = session
    fill(title, 'on ', make('bdi', {}, node))
    element.dataset.state = session.state
    state.dataset.status = session.state
    say(state, states[session.state] ?? session.state)
    fill(from, [address && `from ${address}`, connectedAt && `since ${clock(connectedAt)}`].filter(Boolean).join(', '), ...(agent ? [', ', make('bdi', {}, agent)] : []))
    const all = facts(session, now)
    say(known, all.map((fact) => fact[0].toUpperCase() + fact.slice(1)).join('. '))
    known.hidden = !all.length
    fill(ends, ...(session.ends ?? []).map((end) => make('li', {}, make('b', {}, names[end.reason] ?? end.reason), ` ${ending(end, session, now)}`)))
    ends.hidden = !session.ends?.length
  }
  return element
}

const names = /** @type {Record<string, string>} */ ({ timeout: 'Silence', expired: 'Token', closed: 'Grace', node_lost: 'Node' })
