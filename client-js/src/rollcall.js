import { webSocketAddress } from './address.js'
import { Choice } from './choice.js'
import { systemClock } from './clock.js'
import { Connection } from './connection.js'
import { Emitter } from './emitter.js'
import { RollcallError } from './error.js'
import { Follows } from './follows.js'
import { Monitor } from './monitor.js'
import { Presence } from './presence.js'
import { Rooms } from './rooms.js'
import { Shelf } from './storage.js'
import { names, Tokens } from './tokens.js'
import { unawaited, Wishes } from './wishes.js'

/** @import { Status } from './choice.js' */
/** @import { Beat } from './clock.js' */
/** @import { State } from './connection.js' */
/** @import { Link } from './link.js' */
/** @import { Options, RollcallEvents, TestOptions } from './options.js' */
/** @import { PresenceListener } from './presence.js' */
/** @import { Wanted } from './room.js' */
/** @import { Token, TokenSource } from './tokens.js' */

/** How long to wait at least until a token function that failed is asked again, milliseconds. */
const renewAgain = 2_000

/**
 * Rollcall is one client: it keeps a connection to some node of a cluster, for as long as it is
 * not closed, and knows who is in the channels that it joined or watches.
 *
 * @extends {Emitter<RollcallEvents>}
 */
export class Rollcall extends Emitter {
  #options
  #tokens
  /** @type {Connection} */
  #connection
  #rooms = new Rooms(this)
  #presence = new Presence(this.#rooms)
  #follows = new Follows(this)
  /** @type {Choice} */
  #choice
  #logins = new Wishes() // settled by the next welcome, or refusal
  #closed = false
  #timeout = Infinity // the node's, once it has told
  #down = 0 // how long there has been no connection, of our own running time, less the first beat

  /** Who we are; null: nobody, or not known yet. @type {string | null} */
  user = null
  /** The label of the node that we are connected to, or were last. @type {string | null} */
  node = null
  /** Why the client is closed. @type {RollcallError | null} */
  error = null

  /**
   * @param {string | string[]} url address of a node, or several to try in turn
   * @param {Options} [options]
   */
  constructor(url, options = {}) {
    super()
    const { checkInterval = 1_000, maxFrame = 16_384, storage, connect = true } = options
    const { clock = systemClock } = /** @type {TestOptions} */ (options)
    const globals = /** @type {any} */ (globalThis)
    const WebSocket = options.WebSocket ?? globals.WebSocket
    if (!WebSocket && connect) throw new TypeError('option WebSocket is missing')
    const urls = [url].flat().map(webSocketAddress)
    const shelf = (/** @type {string} */ name, /** @type {string} */ kind) =>
      new Shelf(`rollcall:${name}:${urls[0]}`, () => (storage === undefined ? globals[kind] : storage))
    this.#options = { ...options, WebSocket, clock, checkInterval, maxFrame, reconnect: { min: 500, max: 20_000, ...options.reconnect } }
    this.#tokens = new Tokens(options.token, clock)
    this.#choice = new Choice(shelf('status', 'localStorage'), this)
    /** Knows whether somebody is at this page; does nothing until it is started. */
    this.monitor = new Monitor(clock, () => this.#report())
    this.#connection = new Connection({
      urls,
      tokens: this.#tokens,
      session: shelf('session', 'sessionStorage'),
      options: this.#options,
      host: this,
    })
    if (connect) this.connect()
  }

  /** `connecting`, `online`, `offline` (it will be tried again) or `closed` (it will not). */
  get state() {
    return this.#connection.state
  }

  /** The id of our session, as the HTTP API has it; null: there is none. */
  get session() {
    return this.#connection.resume
  }

  /** When the token ends, Unix milliseconds of the node; null: never, or not known. */
  get expires() {
    return this.#tokens.expires
  }

  /** Our chosen status. */
  get status() {
    return this.#choice.status
  }

  /** What the time is by the clock of the node, Unix milliseconds: that of all dates it tells. */
  now() {
    return this.#connection.time.now()
  }

  /** Connects now: at first, if that was put off, instead of waiting for the next try, or again after the node closed us. */
  connect() {
    if (this.#closed) return
    this.error = null
    this.#connection.connect()
  }

  /**
   * Joins a channel: we become a member, and are told of the others. A channel has one room, however often it
   * is joined or watched.
   *
   * @param {string} channel
   * @param {{ data?: Record<string, any>, mode?: 'members' | 'count' }} [options] `data`: what to say of ourselves;
   *   `mode: 'count'`: be told only how many there are
   */
  join(channel, options) {
    return this.#open(channel, { ...options, member: true })
  }

  /**
   * Watches a channel without being a member.
   *
   * @param {string} channel
   * @param {{ mode?: 'members' | 'count' }} [options]
   */
  watch(channel, options) {
    return this.#open(channel, { ...options, member: false })
  }

  /** The room of a channel that we joined or watch, if there is one. @param {string} channel */
  room(channel) {
    return this.#rooms.get(channel)
  }

  /** The user whom we follow already, if we do. @param {string} user */
  followed(user) {
    return this.#follows.get(user)
  }

  /** Follows the status of a user, in whatever channels she is. @param {string} user */
  follow(user) {
    this.#check()
    return this.#follows.follow(user)
  }

  /**
   * Chooses our status, on all devices. `offline` is to be invisible. While there is no connection the choice is
   * kept for the next one. Resolves once the node has it.
   *
   * @param {Status} status
   * @param {string} [text] at most 256 bytes
   */
  setStatus(status, text) {
    this.#check()
    return this.#choice.choose(status, text)
  }

  /** Says that nobody is at this connection, until {@link Rollcall.setOnline}, or an action that the monitor sees. */
  setAway() {
    this.monitor.leave()
  }

  /** Says that somebody is at this connection. */
  setOnline() {
    this.monitor.ping()
  }

  /**
   * Shows another token, or names another function that gets them: of the same user, or of another. If it is refused,
   * we stay who we are, and the promise is rejected. Connects again if the node had closed us.
   *
   * @param {TokenSource} token
   * @returns {Promise<void>}
   */
  async setToken(token) {
    this.#check()
    const connection = this.#connection
    const former = this.#tokens.source
    connection.returning = connection.loggedOut
    connection.loggedOut = false
    this.#tokens.use(token)
    if (!connection.link) return this.#login()
    try {
      await this.#show(await this.#tokens.renew())
    } catch (error) {
      if (/** @type {any} */ (error).passing) return this.#login()
      if (this.#tokens.source === token) this.#tokens.use(former)
      throw error
    }
  }

  /**
   * Gives up who we are: memberships end. Where a node allows it, the connection and its watches of public channels
   * stay; else the client is closed, until {@link Rollcall.setToken}.
   *
   * @returns {Promise<void>}
   */
  async logout() {
    this.#check()
    const connection = this.#connection
    connection.loggedOut = true
    this.#tokens.use(null)
    this.#choice.forget()
    const link = connection.links.at(-1)
    try {
      if (link) this.#identified(await link.request('logout'))
    } catch (error) {
      if (!/** @type {any} */ (error).passing) throw error
      connection.remember(null) // it ends by itself, as we are not back with it
      this.#become(null)
    }
    this.#rooms.each((room) => room.joined && room.end(new RollcallError('logged_out')))
    if (!connection.link && this.state !== 'closed') connection.restart()
  }

  /** Says goodbye: we leave everything at once. The client cannot be used again. */
  close() {
    if (this.#closed) return
    this.#closed = true
    this.monitor.stop()
    this.end(new RollcallError('closed'))
    this.#connection.close()
  }

  /**
   * Tells who is in a channel, who comes and who goes, as sc-stateless-presence does. One does not become a member by that.
   *
   * @param {string} channel
   * @param {PresenceListener} listener
   */
  trackPresence(channel, listener) {
    this.#check()
    this.#presence.track(channel, listener)
  }

  /**
   * Ends {@link Rollcall.trackPresence}, for one listener or for all.
   *
   * @param {string} channel
   * @param {PresenceListener} [listener]
   */
  untrackPresence(channel, listener) {
    this.#presence.untrack(channel, listener)
  }

  /** @param {string} channel @param {Wanted} wanted */
  #open(channel, wanted) {
    this.#check()
    const room = this.#rooms.open(channel, wanted)
    room.claimed = true
    return room
  }

  #check() {
    if (this.#closed) throw this.error
  }

  /** Comes back as somebody else. */
  #login() {
    const done = this.#logins.make()
    this.connect() // in case that we were closed
    this.#connection.restart()
    return done
  }

  /** @param {Token} token */
  async #show(token) {
    const answers = this.links.map((link) => unawaited(link.request('token', { token })))
    try {
      this.#identified(await (answers.at(-1) ?? Promise.reject(new RollcallError('disconnected'))))
    } catch (error) {
      if (!/** @type {any} */ (error).passing) this.#tokens.refused(token)
      throw error
    }
  }

  /** Gets a fresh token before the old one ends, as often as it takes. @param {Link} link */
  async #renew(link) {
    try {
      await this.#show(await this.#tokens.renew())
    } catch (error) {
      if (link !== this.#connection.link || this.#closed) return
      this.fail(/** @type {RollcallError} */ (error))
      const { clock } = this.#options
      clock.setTimeout(() => link === this.#connection.link && this.#renew(link), renewAgain * (1 + clock.random()))
    }
  }

  /** What else the first frame says. @internal @param {Token} token @returns {Record<string, any>} */
  hello(token) {
    if (this.user !== null && !names(token, this.user)) this.#rooms.each((room) => room.forget()) // what we said of her is not to be said of another
    return { meta: this.#options.meta, ...this.monitor.hello(), status: this.#choice.hello(token) }
  }

  /** Says on a new link what is to hold there. @internal @param {Link} link */
  enter(link) {
    this.#choice.enter(link) // first: who wants to be invisible is not to be seen for a moment
    this.#rooms.each((room) => room.enter(link))
    this.#follows.enter(link)
  }

  /** A link is over. @internal @param {Link} link */
  exit(link) {
    this.#rooms.each((room) => room.exit(link))
    if (!this.links.length) this.#follows.doubt()
  }

  /** @internal @param {State} state */
  became(state) {
    if (state === 'online') this.#down = -this.#options.checkInterval // the first beat began while we were
    this.emit('state', state)
  }

  /** @internal @param {Beat} beat */
  beat({ ran }) {
    this.monitor.nudge()
    if (this.state !== 'online' && (this.#down += ran) >= (this.#options.inferAfter ?? this.#timeout)) {
      this.#rooms.each((room) => room.infer())
    }
  }

  /** No node lets us in as who we want to be. @internal @param {RollcallError} error */
  refused(error) {
    this.#logins.settle(error)
    this.fail(error)
  }

  /** @internal @param {Link} link @param {any} message */
  take(link, message) {
    const { type, expires } = message
    if (type === 'welcome') this.#welcomed(message)
    else if (type === 'error') this.fail(new RollcallError(message.code, message.message))
    else if (message.channel) this.#rooms.take(link, message)
    else if (type === 'expiring') {
      this.emit('expiring', expires)
      if (this.#tokens.renewable) this.#renew(link)
    } else this.#follows.take(message)
  }

  /** @param {{ user: string | null, node: string, timeout: number, status: Status }} welcome */
  #welcomed({ user, node, timeout, status }) {
    this.node = node
    this.#timeout = timeout
    this.#become(user)
    this.#choice.told(status)
    this.#logins.settle(null)
  }

  /** @param {{ user: string | null, expires: number | null, session?: string }} answer */
  #identified({ user, expires, session }) {
    this.#tokens.expires = expires
    if (session) this.#connection.remember(session)
    if (user !== this.user) this.#rooms.each((room) => room.forget()) // the node has carried memberships over without it
    this.#become(user)
  }

  /** @param {string | null} user */
  #become(user) {
    if (user === this.user) return
    this.user = user
    this.emit('user', user)
  }

  #report() {
    const { isIdle, idle } = this.monitor
    // Should it fail, the next hello says it again.
    for (const link of this.links) unawaited(link.request('state', { state: isIdle ? 'away' : 'online', idle }))
  }

  /** Where to say what is to hold. @internal */
  get links() {
    return this.#connection.links
  }

  /** All is over: promises, rooms and listeners are told. @internal @param {RollcallError} error */
  end(error) {
    this.error = error
    this.#logins.settle(error)
    this.#choice.end(error)
    this.#rooms.each((room) => room.end(error))
    this.#follows.end(error)
    if (error.code !== 'closed' && error.code !== 'logged_out') this.fail(error)
  }

  /** Nothing is lost without a word: what no listener hears stands in the console. @internal @param {RollcallError} error */
  fail(error) {
    this.emit('error', error) || console.warn(error)
  }
}
