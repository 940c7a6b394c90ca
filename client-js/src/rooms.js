import { Room } from './room.js'

/** @import { Link } from './link.js' */
/** @import { Rollcall } from './rollcall.js' */
/** @import { Wanted } from './room.js' */

/**
 * Rooms holds the rooms there are, one per channel, however often it is joined.
 */
export class Rooms {
  /** @type {Map<string, Room>} */
  #rooms = new Map()
  #client

  /** @param {Rollcall} client */
  constructor(client) {
    this.#client = client
  }

  /** @param {string} channel */
  get(channel) {
    return this.#rooms.get(channel)
  }

  /**
   * Returns the room of a channel, made if there is none, else widened.
   *
   * @param {string} channel
   * @param {Wanted} wanted
   */
  open(channel, wanted) {
    const known = this.#rooms.get(channel)
    if (known) {
      known.widen(wanted)
      return known
    }
    const room = new Room(channel, wanted, {
      ended: () => this.#rooms.get(channel) === room && this.#rooms.delete(channel),
      error: (error) => this.#client.fail(error),
    })
    this.#rooms.set(channel, room)
    this.#client.links.forEach((link) => room.enter(link))
    return room
  }

  /** @param {Link} link @param {any} message */
  take(link, message) {
    this.#rooms.get(message.channel)?.take(link, message)
  }

  /** Does something with each room; rooms may end meanwhile. @param {(room: Room) => void} run */
  each(run) {
    ;[...this.#rooms.values()].forEach(run)
  }
}
