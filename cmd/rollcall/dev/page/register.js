import { byId, fill, keep, make, named, say } from './dom.js'
import { clock, count, hue, initial, lasting, list } from './words.js'

/** @import { Member } from './watchers.js' */
/** @import { Person } from './api.js' */

/** With more people than that, each has one line. */
const crowd = 10

const words = /** @type {Record<string, string>} */ ({ online: 'online', away: 'away', busy: 'busy', offline: 'invisible' })

/** Register is the list of who is here. */
export class Register {
  #shown = new Map()
  /** @type {Map<string, Person>} */
  #devices = new Map()

  /** Takes note of who has which devices. @param {Person[]} people */
  know(people) {
    this.#devices = new Map(people.map((person) => [person.user, person]))
  }

  /**
   * @param {string} channel
   * @param {any} room as some node shows it; undefined: none does
   * @param {Set<string>} ours names of the seats of this page
   * @param {Set<string>} dead names of nodes that were killed
   */
  show(channel, room, ours, dead) {
    say(byId('room-name'), channel)
    const members = /** @type {Member[]} */ (room ? [...room.members.values()] : [])
    if (room) {
      say(byId('count'), String(room.count))
      byId('empty').hidden = room.count > 0
    }
    byId('people').setAttribute('aria-busy', String(!room))
    if (!room) return
    byId('people').classList.toggle('dense', members.length > crowd)
    keep(byId('people'), this.#shown, members.map((member) => [member.user, { member, devices: this.#devices.get(member.user)?.devices, ours: ours.has(member.user), dead }]), row)
  }
}

/** @typedef {{ member: Member, devices?: Person['devices'], ours: boolean, dead: Set<string> }} Item */

/** @param {Item} item */
function row({ member: { user } }) {
  const seal = make('span', { class: 'seal', 'aria-hidden': 'true' }, initial(user))
  seal.style.setProperty('--hue', String(hue(user)))
  const name = make('span', { class: 'name' }, named(user))
  const you = make('span', { class: 'you' }, 'you')
  const status = make('span', { class: 'status' })
  const since = make('span', { class: 'since' })
  const devices = make('span', { class: 'devices' })
  const element = make('li', { class: 'person' }, seal, make('span', { class: 'who' }, name, you), status, since, devices)
  element.show = (/** @type {Item} */ { member, devices: held, ours, dead }) => {
    you.hidden = !ours
    const state = member.status ?? 'online'
    const idle = member.lastActivity && state === 'away' ? `, idle for ${lasting(Date.now() - member.lastActivity)}` : ''
    status.dataset.status = state
    say(status, words[state] + idle)
    fill(since, 'since ', make('time', { datetime: new Date(member.since).toISOString() }, clock(member.since)))
    say(devices, held ? describe(held, dead) : '')
  }
  return element
}

/**
 * Says on which devices somebody is here. Those on a node that was killed count until it is given up.
 *
 * @param {Person['devices']} devices
 * @param {Set<string>} dead
 */
function describe(devices, dead) {
  const live = devices.filter(({ node, state }) => state !== 'broken' && !dead.has(node))
  const orphaned = devices.some(({ node }) => dead.has(node))
  const parts = live.length ? [`${count(live.length, 'device')} on ${list([...new Set(live.map(({ node }) => node))].sort())}`] : []
  if (orphaned) parts.push(`still counted on ${list([...new Set(devices.map(({ node }) => node).filter((node) => dead.has(node)))])}`)
  else if (live.length < devices.length) parts.push(live.length ? 'one gone quiet' : 'connection lost, may come back')
  return parts.join(', ')
}
