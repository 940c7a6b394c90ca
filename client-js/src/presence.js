/** @import { Room } from './room.js' */
/** @import { Member } from './roster.js' */

/** @typedef {(event: { action: 'join' | 'leave', username: string }) => void} PresenceListener */

/**
 * Tells a listener what sc-stateless-presence would tell it: who is in the room already, and then who
 * comes and who goes. Returns a function that ends it.
 *
 * @param {Room} room
 * @param {PresenceListener} listener
 */
export function track(room, listener) {
  let over = false
  const tell = (/** @type {'join' | 'leave'} */ action) => (/** @type {Member} */ { user }) => {
    if (!over) listener({ action, username: user })
  }
  const stops = [room.on('join', tell('join')), room.on('leave', tell('leave'))]
  room.ready.then(
    () => room.members.forEach(tell('join')),
    () => {}, // it was over before it began, which the room's other listeners are told
  )
  return () => {
    over = true
    stops.forEach((stop) => stop())
  }
}
