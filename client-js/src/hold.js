import { nobody } from './roster.js'

/** @import { Followed, UserStatus } from './follows.js' */
/** @import { Rollcall } from './rollcall.js' */
/** @import { Room, RoomState } from './room.js' */
/** @import { Member } from './roster.js' */

/**
 * What a component sees of a room: one moment of it, which never changes.
 *
 * @typedef {object} RoomView
 * @property {Room | null} room to say something there; null while there is none
 * @property {ReadonlyMap<string, Member>} members by user, in order of arrival
 * @property {number} count
 * @property {boolean} partial
 * @property {boolean} complete
 * @property {RoomState} state
 * @property {boolean} stale
 * @property {Error | null} error why the room is over
 */

const { members, count, partial, complete } = nobody

/** @type {RoomView} */
export const noRoom = { room: null, members, count, partial, complete, state: 'joining', stale: true, error: null }

/**
 * Hold keeps something for as long as anybody is subscribed to it. It lets go a moment later than the last
 * one, so that a component that is mounted anew, as all are in StrictMode, is not seen to go.
 */
class Hold {
  /** @type {Set<() => void>} */
  #listeners = new Set()
  held = false

  take() {}
  release() {}

  subscribe = (/** @type {() => void} */ listener) => {
    const one = () => listener() // the same function may be subscribed twice
    this.#listeners.add(one)
    if (!this.held) {
      this.held = true
      this.take()
    }
    return () => {
      this.#listeners.delete(one)
      setTimeout(() => {
        if (this.#listeners.size > 0 || !this.held) return
        this.held = false
        this.release()
      })
    }
  }

  changed() {
    for (const listener of [...this.#listeners]) listener()
  }
}

/** Who holds a room. One that the application opened is not in here, and not ours to leave. @type {WeakMap<Room, Set<RoomHold>>} */
const holders = new WeakMap()

export class RoomHold extends Hold {
  #rollcall
  #channel
  #watch
  #mode
  #data = /** @type {Record<string, any> | undefined} */ (undefined)
  /** @type {Room | null} */
  #room = null
  #view = noRoom
  #unlisten = () => {}
  #unwatch = () => {}

  /** @param {Rollcall} rollcall @param {string} channel @param {boolean} watch @param {'members' | 'count'} mode */
  constructor(rollcall, channel, watch, mode) {
    super()
    this.#rollcall = rollcall
    this.#channel = channel
    this.#watch = watch
    this.#mode = mode
  }

  view = () => this.#view

  /** @param {string | undefined} said data in JSON */
  say(said) {
    if (said === undefined) return
    this.#data = JSON.parse(said)
    const room = this.#room
    if (room?.joined && room.state !== 'ended' && JSON.stringify(room.data) !== said) room.update(JSON.parse(said))
  }

  take() {
    // When all components of this commit have spoken: one that knows the data may come after one that does not.
    queueMicrotask(() => this.held && !this.#room && this.#open())
    this.#unwatch = this.#rollcall.on('user', (user) => {
      if (user !== null && this.#room?.state === 'ended') this.#reopen() // logged in again
    })
  }

  release() {
    this.#unwatch()
    const room = this.#close()
    const others = room && holders.get(room)
    if (!others || room.state === 'ended') return
    const members = [...others].filter((hold) => !hold.#watch)
    if (members.length > 0 || (this.#watch && others.size > 0)) return
    room.leave()
    for (const hold of [...others]) hold.#reopen() // they only watch
  }

  #open() {
    if (this.#rollcall.error?.code === 'closed') return
    const ours = this.#rollcall.room(this.#channel) === undefined
    const mode = this.#mode
    const room = this.#watch
      ? this.#rollcall.watch(this.#channel, { mode })
      : this.#rollcall.join(this.#channel, { data: this.#data, mode })
    if (ours) holders.set(room, new Set())
    holders.get(room)?.add(this)
    this.#room = room
    this.#unlisten = room.on('change', () => this.#look())
    this.#look()
  }

  #close() {
    const room = this.#room
    this.#unlisten()
    if (room) holders.get(room)?.delete(this)
    this.#room = null
    this.#view = noRoom
    return room
  }

  #reopen() {
    this.#close()
    this.#open()
  }

  #look() {
    if (this.#room === null) return
    const { members, count, partial, complete, state, stale, error } = this.#room
    this.#view = { room: this.#room, members, count, partial, complete, state, stale, error }
    this.changed()
  }
}

class UserHold extends Hold {
  #rollcall
  #user
  #ours = false // not followed by the application itself
  /** @type {Followed | null} */
  #followed = null
  #unlisten = () => {}

  /** @param {Rollcall} rollcall @param {string} user */
  constructor(rollcall, user) {
    super()
    this.#rollcall = rollcall
    this.#user = user
  }

  /** @returns {UserStatus | null} */
  view = () => this.#followed?.snapshot ?? null

  take() {
    if (this.#rollcall.error?.code === 'closed') return
    this.#ours = this.#rollcall.followed(this.#user) === undefined
    this.#followed = this.#rollcall.follow(this.#user)
    this.#unlisten = this.#followed.on('change', () => this.changed())
    this.changed()
  }

  release() {
    this.#unlisten()
    if (this.#ours) this.#followed?.unfollow()
    this.#followed = null
  }
}

/** How many holds are kept, with those that nobody holds: one that was rendered may be held in a moment, or never. */
const most = 100

/** What components of one client share, by what they use. @type {WeakMap<Rollcall, Map<string, any>>} */
const shared = new WeakMap()

/**
 * @template {Hold} T
 * @param {Rollcall} rollcall
 * @param {string} name
 * @param {() => T} make
 * @returns {T}
 */
function share(rollcall, name, make) {
  const all = shared.get(rollcall) ?? new Map()
  shared.set(rollcall, all)
  if (!all.has(name)) {
    if (all.size >= most) for (const [other, hold] of all) if (!hold.held) all.delete(other)
    all.set(name, make())
  }
  return all.get(name)
}

/** @param {Rollcall} rollcall @param {string | null} channel @param {boolean} watch @param {'members' | 'count'} mode */
export function holdRoom(rollcall, channel, watch, mode) {
  if (channel === null) return null
  return share(rollcall, `${watch ? 'watch' : 'join'} ${mode} ${channel}`, () => new RoomHold(rollcall, channel, watch, mode))
}

/** @param {Rollcall} rollcall @param {string | null} user */
export function holdUser(rollcall, user) {
  return user === null ? null : share(rollcall, `user ${user}`, () => new UserHold(rollcall, user))
}
