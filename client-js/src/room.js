import { loop } from './changes.js'
import { Emitter } from './emitter.js'
import { RollcallError } from './error.js'
import { apply, assemble, nobody, replace } from './roster.js'
import { unawaited, Wishes } from './wishes.js'

/** @import { Link } from './link.js' */
/** @import { Change, Diff, Member, Roster, Snapshot } from './roster.js' */

/**
 * @typedef {object} RoomEvents
 * @property {[member: Member]} join somebody came; not told of those who were there before us
 * @property {[member: Member, old: Member]} update somebody's status, data or profile changed
 * @property {[member: Member, reason: string]} leave somebody left; reasons as in the protocol, and
 *   `missed` (while we were not connected), `timeout` (we have been cut off for too long to tell)
 * @property {[members: ReadonlyMap<string, Member>]} sync a whole roster has come, and its differences were told
 * @property {[]} stale the connection broke: what we know may be old, until the next `sync`
 * @property {[count: number]} count how many there are has changed
 * @property {[]} change anything of this room has changed; after all other events
 * @property {[error: RollcallError]} error a request for this room was refused
 * @property {[error: RollcallError]} end the room is over: left, closed, or not allowed (any more)
 */

/** @typedef {'joining' | 'live' | 'stale' | 'ended'} RoomState */

/**
 * What the application wants of a channel.
 *
 * @typedef {object} Wanted
 * @property {boolean} member to join, not only to watch
 * @property {Record<string, any>} [data] what to say of ourselves
 * @property {'members' | 'count'} [mode] to be told who is here, or only how many
 */

/**
 * Room is a channel that we joined or watch. It says what is to hold there on every link anew, so it
 * outlives connections; and it tells what differs, whatever happened in between.
 *
 * @extends {Emitter<RoomEvents>}
 */
export class Room extends Emitter {
  #host
  #roster = nobody
  /** Where we are, or asked to be, each with the parts of a roster whose end is to come. @type {Map<Link, Snapshot[]>} */
  #links = new Map()
  /** @type {Link | null} */
  #feed = null // the one on which versions go on from our roster's
  /** @type {Set<ReturnType<typeof loop>>} */
  #loops = new Set()
  #wishes = new Wishes()
  #arrival = new Wishes()
  #sure = /** @type {Record<string, any> | undefined} */ (undefined) // data that the node has taken

  /**
   * @internal
   * @param {string} channel
   * @param {Wanted} wanted
   * @param {{ ended: () => void, error: (error: RollcallError) => void }} host
   */
  constructor(channel, { member, data, mode = 'members' }, host) {
    super()
    this.#host = host
    /** The name of the channel. */
    this.channel = channel
    /** Whether we joined; else we only watch. */
    this.joined = member
    /** Whether the application asked for it, and not only for its presence. @internal */
    this.claimed = false
    /** What we say of ourselves here. @type {Record<string, any> | undefined} */
    this.data = data
    /** `count`: we are told how many there are, and not who. @type {'members' | 'count'} */
    this.mode = mode
    /** @type {RoomState} */
    this.state = 'joining'
    /** Why the room is over. @type {RollcallError | null} */
    this.error = null
    /**
     * Resolves with this room once there is a roster; rejected if the room is over before. Nobody needs
     * to wait for it.
     *
     * @type {Promise<this>}
     */
    this.ready = unawaited(this.#arrival.make().then(() => this))
  }

  /** Who is here, by user, in order of arrival. A map that was handed out never changes. */
  get members() {
    return this.#roster.members
  }

  /** How many are here: exact, even where not all are listed. */
  get count() {
    return this.#roster.count
  }

  /** Whether the channel is too large for all members to be listed. */
  get partial() {
    return this.#roster.partial
  }

  /** False: a node of the cluster is late, and its members may be missing. */
  get complete() {
    return this.#roster.complete
  }

  /** Whether what we know may be out of date. */
  get stale() {
    return this.state !== 'live'
  }

  /** @param {string} user */
  has(user) {
    return this.members.has(user)
  }

  /**
   * Changes from now on, for one `for await` loop. It ends when the room is over. A loop that falls more than
   * 1,000 changes behind sees differences only, as after a reconnect.
   */
  changes() {
    const mine = loop(() => this.#loops.delete(mine))
    if (this.#over()) mine.end()
    else this.#loops.add(mine)
    return mine.changes
  }

  /**
   * Replaces what we say of ourselves here. While there is no connection it is kept for the next one.
   * Resolves once the node has it. If it is refused, the former data holds, and the promise is rejected;
   * whoever does not wait for it learns of that by the event `error`.
   *
   * @param {Record<string, any>} data
   * @returns {Promise<void>}
   */
  update(data) {
    const done = this.#wishes.make()
    if (this.#over() || !this.joined) {
      const error = new RollcallError('not_member', '', { request: 'update', channel: this.channel })
      this.#wishes.settle(error)
      this.#report(error)
      return done
    }
    this.data = data
    for (const link of this.#links.keys()) this.#say(link, 'update', { data })
    return done
  }

  /** Leaves the channel, and ends this room. It may be joined again, as another room. */
  leave() {
    for (const link of this.#links.keys()) unawaited(link.request('leave', { channel: this.channel }))
    this.end(new RollcallError('left'))
  }

  /**
   * Makes a member of us, or replaces what we say of ourselves. The mode stays that of the first request, as it
   * does at the node.
   *
   * @internal
   * @param {Wanted} wanted
   */
  widen({ member, data }) {
    if (!member || (this.joined && data === undefined)) return
    this.joined = true
    if (data !== undefined) this.data = data
    for (const link of this.#links.keys()) this.#ask(link)
  }

  /** Says on a new link what is to hold there. @internal @param {Link} link */
  enter(link) {
    this.#links.set(link, [])
    this.#ask(link)
  }

  /** A link is over. @internal @param {Link} link */
  exit(link) {
    this.#links.delete(link)
    if (this.#feed === link) this.#feed = null
    if (this.#links.size > 0 || this.state !== 'live') return
    this.state = 'stale'
    this.emit('stale')
    this.emit('change')
  }

  /** There has been no connection for so long that nobody can be said to be here. @internal */
  infer() {
    if (this.state === 'stale') this.#tell(replace(this.#roster, { ...nobody, version: this.#roster.version }, 'timeout'))
  }

  /** Our data was another user's. @internal */
  forget() {
    this.data = this.#sure = undefined
  }

  /**
   * Takes in a message about this channel.
   *
   * @internal
   * @param {Link} link
   * @param {any} message
   */
  take(link, message) {
    const parts = this.#links.get(link)
    if (!parts || (this.#feed && this.#feed.number > link.number)) return
    const { type, version, count, code } = message
    if (type === 'roster') this.#snapshot(link, parts, message)
    else if (type === 'diff') this.#diff(link, parts, message)
    else if (type === 'count') this.#tell({ roster: { ...this.#roster, version, count }, changes: [] })
    else if (type === 'ended') this.end(new RollcallError(code, '', { channel: this.channel }))
  }

  /** Ends the room; promises, loops and listeners are told. @internal @param {RollcallError} error */
  end(error) {
    if (this.state === 'ended') return
    this.state = 'ended'
    this.error = error
    this.#links.clear()
    this.#feed = null
    this.#arrival.settle(error)
    this.#wishes.settle(error)
    for (const loop of this.#loops) loop.end()
    this.#loops.clear()
    this.#host.ended()
    this.emit('end', error)
    this.emit('change')
  }

  /** @param {Link} link */
  #ask(link) {
    const { channel, data, mode, joined } = this
    this.#say(link, joined ? 'join' : 'watch', { data: joined ? data : undefined, mode })
  }

  /**
   * Makes a request about this room that carries all we want, so that its answer grants all wishes.
   *
   * @param {Link} link
   * @param {string} type
   * @param {Record<string, any>} fields
   */
  #say(link, type, fields) {
    const { mark } = this.#wishes
    link.request(type, { channel: this.channel, ...fields }).then(
      () => {
        this.#sure = fields.data
        this.#wishes.settle(null, mark)
      },
      (error) => this.#refused(link, type, fields, error, mark),
    )
  }

  /**
   * @param {Link} link
   * @param {string} type
   * @param {Record<string, any>} fields
   * @param {RollcallError} error
   * @param {number} mark
   */
  #refused(link, type, { data }, error, mark) {
    if (error.passing || this.state === 'ended') return
    const former = this.#sure
    const ours = this.data === data
    if (ours) this.data = former
    this.#wishes.settle(error, mark)
    this.#report(error)
    if (type === 'update') return
    // Joining was refused. If that may be for the sake of the new data, the former ones are tried.
    if (ours && this.#roster !== nobody && data !== former && this.#links.has(link)) this.#ask(link)
    else this.end(error)
  }

  /** @param {RollcallError} error */
  #report(error) {
    this.emit('error', error) || this.#host.error(error)
  }

  /** @param {Link} link @param {Snapshot[]} parts @param {Snapshot & { more: boolean }} message */
  #snapshot(link, parts, message) {
    if (parts[0]?.version !== message.version) parts.length = 0
    parts.push(message)
    if (message.more) return
    this.#feed = link
    this.state = 'live'
    const first = this.#roster === nobody
    const { roster, changes } = replace(this.#roster, assemble(parts.splice(0)))
    this.#tell({ roster, changes: first ? [] : changes }, true)
    if (first) this.#arrival.settle(null)
  }

  /** @param {Link} link @param {Snapshot[]} parts @param {Diff} message */
  #diff(link, parts, message) {
    if (link !== this.#feed) return
    const next = parts.length ? null : apply(this.#roster, message)
    if (next) return this.#tell(next)
    this.#feed = null // until there is a roster again
    unawaited(link.request('sync', { channel: this.channel }))
  }

  /**
   * Takes over a roster and tells of it. A listener may leave the room: then no more is told.
   *
   * @param {{ roster: Roster, changes: Change[] }} next
   * @param {boolean} [whole] that it came as a whole
   */
  #tell({ roster, changes }, whole = false) {
    const before = this.#roster
    this.#roster = roster
    for (const loop of this.#loops) loop.push(changes, before, roster)
    /** @type {any[]} */
    const events = changes.map((/** @type {any} */ { action, member, old, reason }) => [action, member, old ?? reason])
    if (roster.count !== before.count) events.push(['count', roster.count])
    if (whole) events.push(['sync', roster.members])
    for (const [name, ...args] of [...events, ['change']]) if (!this.#over()) this.emit(name, .../** @type {any} */ (args))
  }

  #over() {
    return this.state === 'ended'
  }
}
