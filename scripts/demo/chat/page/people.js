import { byId, lasting, make, named, say, seal } from './dom.js'

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
  for (const [user, element] of shown) {
    if (room.has(user)) continue
    element.remove()
    shown.delete(user)
  }
  let place = byId('people').firstElementChild
  for (const [user, member] of room.members) {
    let element = shown.get(user)
    if (!element) shown.set(user, (element = person(user, user === me)))
    element.show(member, now)
    if (element === place) place = element.nextElementSibling
    else byId('people').insertBefore(element, place)
  }
  showTyping([...room.members.values()].filter((member) => member.user !== me && types(member)))
}

/** @param {Member} member */
const types = ({ data }) => data?.typing === true

/** @param {string} user @param {boolean} isMe */
function person(user, isMe) {
  const state = make('span', { class: 'state' })
  const name = make('span', { class: 'called' }, named(user))
  if (isMe) name.append(' ', make('span', { class: 'you' }, 'you'))
  const element = make('li', { class: 'person', 'data-user': user }, seal(user), make('span', { class: 'who' }, name, state))
  element.show = (/** @type {Member} */ member, /** @type {number} */ now) => {
    const status = types(member) ? 'typing' : (member.status ?? 'online')
    const idle = status === 'away' && member.lastActivity ? `, idle for ${lasting(now - member.lastActivity)}` : ''
    state.dataset.status = status
    say(state, words[status] + idle)
  }
  return element
}

let typed = ''

/** Says who types, but not each time anew. @param {Member[]} members */
function showTyping(members) {
  const users = members.map(({ user }) => user)
  if (users.join('\n') === typed) return
  typed = users.join('\n')
  const said = users.length > 2 ? [`${users.length} people are typing`]
    : users.length === 2 ? [named(users[0]), ' and ', named(users[1]), ' are typing']
      : users.length ? [named(users[0]), ' is typing'] : []
  const dots = users.length ? [make('span', { class: 'dots', 'aria-hidden': 'true' }, make('i'), make('i'), make('i'))] : []
  byId('typing').replaceChildren(...said, ...dots)
}
