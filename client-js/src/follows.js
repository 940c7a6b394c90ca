import { Emitter } from './emitter.js'
import { RollcallError } from './error.js'

/** @import { Link } from './link.js' */
/** @import { Rollcall } from './rollcall.js' */

/**
 * What a node tells of a followed user.
 *
 * @typedef {object} UserStatus
 * @property {string} user
 * @property {'online' | 'away' | 'busy' | 'offline'} status
 * @property {number} [since] when the user came, Unix milliseconds of the node
 * @property {number} [lastActivity] when away, if we may know
 * @property {number} [lastSeen] when offline, as far as the cluster remembers and we may know
 * @property {string} [text] chosen along with the status
 */

/**
 * @typedef {object} FollowEvents
 * @property {[user: UserStatus]} change the status, its text, or when the user was last seen has changed
 * @property {[]} stale the connection broke: what we know may be old, until it is back
 * @property {[error: RollcallError]} error the node would not have us follow this user (any more)
 */

/** How many names a request may hold. */
const most = 200

/** Refusals of a request for the sake of one of its names. */
const blaming = ['forbidden', 'bad_request']

/**
 * Followed is one user whose status we are told, wherever she is.
 *
 * @extends {Emitter<FollowEvents>}
 */
export class Followed extends Emitter {
  #unfollow

  /** What is known of the user, as one object that never changes; null until the node has answered. @type {UserStatus | null} */
  snapshot = null
  /** Whether that may be out of date. */
  stale = true
  /** Why this follow is over. @type {RollcallError | null} */
  error = null

  /** @internal @param {string} user @param {() => void} unfollow */
  constructor(user, unfollow) {
    super()
    this.user = user
    this.#unfollow = unfollow
  }

  /** Undefined until the node has answered. */
  get status() {
    return this.snapshot?.status
  }
  get since() {
    return this.snapshot?.since
  }
  get lastActivity() {
    return this.snapshot?.lastActivity
  }
  get lastSeen() {
    return this.snapshot?.lastSeen
  }
  get text() {
    return this.snapshot?.text
  }

  /** Ends it. Following the user again gives another object. */
  unfollow() {
    this.#unfollow()
  }

  /** @internal @param {UserStatus} told */
  tell(told) {
    const before = look(this.snapshot)
    this.snapshot = told
    this.stale = false
    if (before !== look(told)) this.emit('change', told)
  }
}

/** What a change is told of: `since` and `lastActivity` alone are none. @param {UserStatus | null} told */
function look(told) {
  return JSON.stringify([told?.status, told?.text, told?.lastSeen])
}

/**
 * Follows says on every link whom we follow.
 */
export class Follows {
  /** @type {Map<string, Followed>} */
  #users = new Map()
  /** @type {Set<string>} */
  #changed = new Set() // followed or unfollowed, and not said yet
  #client

  /** @param {Rollcall} client */
  constructor(client) {
    this.#client = client
  }

  /** @param {string} user */
  get(user) {
    return this.#users.get(user)
  }

  /** @param {string} user */
  follow(user) {
    const known = this.#users.get(user)
    if (known) return known
    const followed = new Followed(user, () => this.#users.get(user) === followed && this.#users.delete(user) && this.#say(user))
    this.#users.set(user, followed)
    this.#say(user)
    return followed
  }

  /** @param {Link} link */
  enter(link) {
    this.#ask(link, 'follow', [...this.#users.keys()])
  }

  /** There is no link any more. */
  doubt() {
    for (const followed of this.#users.values()) {
      followed.stale = true
      followed.emit('stale')
    }
  }

  /** @param {any} message perhaps `users`, `user` or `unfollowed` */
  take({ users, user, names, code }) {
    for (const told of users ?? (user ? [user] : [])) this.#users.get(told.user)?.tell(told)
    for (const name of names ?? []) this.#lose(name, new RollcallError(code, name))
  }

  /** @param {RollcallError} error */
  end(error) {
    for (const user of [...this.#users.keys()]) this.#lose(user, error, true)
  }

  /** Says once the caller is done what has changed: many calls in a row make one request. @param {string} user */
  #say(user) {
    if (this.#changed.add(user).size > 1) return
    queueMicrotask(() => {
      const all = [...this.#changed]
      this.#changed.clear()
      for (const link of this.#client.links) {
        this.#ask(link, 'unfollow', all.filter((user) => !this.#users.has(user)))
        this.#ask(link, 'follow', all.filter((user) => this.#users.has(user)))
      }
    })
  }

  /** @param {Link} link @param {'follow' | 'unfollow'} type @param {string[]} users */
  #ask(link, type, users) {
    for (let i = 0; i < users.length; i += most) {
      const some = users.slice(i, i + most)
      link.request(type, { users: some }).catch((error) => type === 'follow' && this.#refused(link, some, error))
    }
  }

  /**
   * One bad name refuses a whole request: it is found by asking for halves.
   *
   * @param {Link} link
   * @param {string[]} users
   * @param {RollcallError} error
   */
  #refused(link, users, error) {
    if (error.passing) return
    const half = users.length >> 1
    if (!half || !blaming.includes(error.code)) return users.forEach((user) => this.#lose(user, error))
    this.#ask(link, 'follow', users.slice(0, half))
    this.#ask(link, 'follow', users.slice(half))
  }

  /** @param {string} user @param {RollcallError} error @param {boolean} [known] that the application is told elsewhere */
  #lose(user, error, known) {
    const followed = this.#users.get(user)
    if (!followed) return
    this.#users.delete(user)
    followed.error = error
    followed.stale = true
    followed.emit('error', error) || known || this.#client.fail(error)
  }
}
