/** @import { Room } from './room.js' */
/** @import { Rooms } from './rooms.js' */
/** @import { Member } from './roster.js' */

/** @typedef {(event: { action: 'join' | 'leave', username: string }) => void} PresenceListener */

/**
 * Presence tells listeners what sc-stateless-presence would. It watches the channels that the application has no
 * room of, for as long as anybody listens.
 */
export class Presence {
  #rooms
  /** How to end what we tell of a room, by listener. @type {WeakMap<Room, Map<PresenceListener, () => void>>} */
  #told = new WeakMap()

  /** @param {Rooms} rooms */
  constructor(rooms) {
    this.#rooms = rooms
  }

  /** @param {string} channel @param {PresenceListener} listener */
  track(channel, listener) {
    const room = this.#rooms.open(channel, { member: false })
    const told = this.#told.get(room) ?? new Map()
    this.#told.set(room, told)
    if (!told.has(listener)) told.set(listener, tell(room, listener))
  }

  /** @param {string} channel @param {PresenceListener} [listener] all, if it is left out */
  untrack(channel, listener) {
    const room = this.#rooms.get(channel)
    const told = room && this.#told.get(room)
    if (!told) return
    for (const [one, stop] of told) {
      if (listener && listener !== one) continue
      stop()
      told.delete(one)
    }
    if (!told.size && !room.claimed) room.leave()
  }
}

/**
 * Tells a listener who is in the room already, and then who comes and who goes. Returns a function that ends it.
 *
 * @param {Room} room
 * @param {PresenceListener} listener
 */
function tell(room, listener) {
  /** @type {ReadonlyMap<string, Member>} */
  let told = new Map()
  const look = () => {
    const before = told
    told = room.members
    for (const username of told.keys()) if (!before.has(username)) listener({ action: 'join', username })
    for (const username of before.keys()) if (!told.has(username)) listener({ action: 'leave', username })
  }
  look()
  return room.on('change', look)
}
