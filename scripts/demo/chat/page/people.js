import { byId, keep, make, named, say } from './dom.js'
import { hue, initial, lasting } from './words.js'

/** @import { Room } from '../../../../client-js/src/room.js' */
/** @import { Member } from '../../../../client-js/src/roster.js' */

/** @type {Map<string, any>} elements by user */
const shown = new Map()

const words = /** @type {Record<string, string>} */ ({ online: 'online', away: 'away', busy: 'busy', typing: 'typing…' })

/**
 * Shows who is here, in order of arrival, and who types.
 *
 * @param {Room} room
 * @param {string | null} me
 * @param {number} now in the time of nodes
 */
export function showPeople(room, me, now) {
  say(byId('count'), String(room.count))
  byId('people').setAttribute('aria-busy', String(room.stale))
  keep(byId('people'), shown, [...room.members].map(([user, member]) => [user, { member, now, isMe: user === me }]), person)
  showTyping([...room.members.values()].filter((member) => member.user !== me && types(member)))
}

/** @param {Member} member */
const types = ({ data }) => data?.typing === true

/** @typedef {{ member: Member, now: number, isMe: boolean }} Item */

/** @param {Item} item */
function person({ member: { user }, isMe }) {
  const state = make('span', { class: 'state' })
  const name = make('span', { class: 'called' }, nameOf(user), ...(isMe ? [' ', make('span', { class: 'you' }, 'you')] : []))
  const element = make('li', { class: 'person', 'data-user': user }, seal(user), make('span', { class: 'who' }, name, state))
  element.show = (/** @type {Item} */ { member, now }) => {
    const status = types(member) ? 'typing' : (member.status ?? 'online')
    const idle = status === 'away' && member.lastActivity ? `, idle for ${lasting(now - member.lastActivity)}` : ''
    state.dataset.status = status
    say(state, words[status] + idle)
  }
  return element
}

/** @param {string} user */
export const nameOf = (user) => make('span', { class: 'name' }, named(user))

/** The first letter of a name, on a colour that is always the same. @param {string} user */
export function seal(user) {
  const element = make('span', { class: 'seal', 'aria-hidden': 'true' }, initial(user))
  element.style.setProperty('--hue', String(hue(user)))
  return element
}

let typed = ''

/** Says who types, but not each time anew. @param {Member[]} members */
function showTyping(members) {
  const users = members.map(({ user }) => user)
  if (users.join('\n') === typed) return
  typed = users.join('\n')
  const said = users.length > 2 ? [`${users.length} people are typing`]
    : users.length === 2 ? [nameOf(users[0]), ' and ', nameOf(users[1]), ' are typing']
      : users.length ? [nameOf(users[0]), ' is typing'] : []
  const dots = users.length ? [make('span', { class: 'dots', 'aria-hidden': 'true' }, make('i'), make('i'), make('i'))] : []
  byId('typing').replaceChildren(...said, ...dots)
}
