import { backoff } from './backoff.js'
import { NodeTime, Pulse } from './clock.js'
import { RollcallError } from './error.js'
import { Link } from './link.js'
import { watchPage } from './page.js'
import { unawaited } from './wishes.js'

/** @import { Beat, Clock } from './clock.js' */
/** @import { Shelf } from './storage.js' */
/** @import { Token, Tokens } from './tokens.js' */

/**
 * `connecting`: an attempt is under way; `online`: welcome at a node; `offline`: neither, but there will
 * be another attempt; `closed`: there will be none.
 *
 * @typedef {'connecting' | 'online' | 'offline' | 'closed'} State
 */

/**
 * What the connection asks and tells.
 *
 * @typedef {object} Host
 * @property {(token: Token) => Record<string, any>} hello more fields of the first frame
 * @property {(link: Link) => void} enter say on this link what is to hold there: rooms, follows
 * @property {(link: Link) => void} exit this link is over
 * @property {(link: Link, message: any) => void} take
 * @property {(state: State) => void} became
 * @property {(beat: Beat) => void} beat
 * @property {(error: RollcallError) => void} refused we were not let in
 * @property {(error: RollcallError) => void} end the node wants us no more
 */

/** Close codes after which there is no coming back; 4401 only if we gave our identity up ourselves. */
const endings = /** @type {Record<number, string>} */ ({ 1000: 'logged_out', 4400: 'protocol', 4401: 'logged_out', 4403: 'kicked' })

/** Refused for being too much: the bound of the wait begins at min × 2³. */
const patient = 3

/**
 * Connection keeps one link to some node. When that breaks, it opens the next one, to the next address
 * in turn; when the node is going away, it opens the next one first.
 *
 *     offline ──▶ next ──welcome──▶ link ──broken──▶ offline
 *        ▲          │                │ drain: next beside link; its welcome drops the old one
 *        └──failed──┘                ▼
 */
export class Connection {
  #clock
  #host
  #tokens
  #session
  #options
  #urls
  #turn = 0
  #pulse

  /** @type {Link | null} */
  #next = null // being opened
  #shown = /** @type {Token} */ (null) // the token of the newest link
  #links = 0
  #attempts = 0 // a token that comes for an older one comes too late
  #failures = 0
  #timer = /** @type {any} */ (null)
  #drained = /** @type {Link | null} */ (null)
  #asleep = false
  /** @type {(() => void) | null} */
  #unwatch = null

  /** The link that we are welcome on. @type {Link | null} */
  link = null
  /** @type {State} */
  state = 'offline'
  /** Whether we gave up our identity, so that a node that wants one is no longer for us. */
  loggedOut = false
  /** Whether we have another one since: then the goodbye that answers our logout is not the end. */
  returning = false

  /**
   * @param {object} parts
   * @param {string[]} parts.urls
   * @param {Tokens} parts.tokens
   * @param {Shelf} parts.session where the session is kept over reloads
   * @param {{ reconnect: { min: number, max: number }, checkInterval: number, maxFrame: number, WebSocket: any, clock: Clock }} parts.options
   * @param {Host} parts.host
   */
  constructor({ urls, tokens, session, options, host }) {
    this.#urls = urls
    const { clock } = options
    this.#clock = clock
    this.#tokens = tokens
    this.#session = session
    this.#options = options
    this.#host = host
    this.#pulse = new Pulse(clock, options.checkInterval, (beat) => this.#beat(beat))
    this.time = new NodeTime(clock)
    /** The session to name in the next hello. */
    this.resume = this.#stored()
  }

  /** Links that took our hello: two while we move from one node to another. */
  get links() {
    return /** @type {Link[]} */ ([this.link, this.#next].filter((link) => link?.open))
  }

  /** Opens a link at once, unless there is one, or one is being opened. */
  connect() {
    this.#unwatch ??= watchPage(this)
    this.#asleep = false
    this.#pulse.start()
    if (!this.link && !this.#next && this.state !== 'connecting') this.#attempt()
  }

  /** Begins anew, because what a link being opened says of us is no longer so. */
  restart() {
    this.#drop(this.#next)
    this.#next = null
    this.#attempt()
  }

  /** The page is to stand still. That may be short, so we stay, and the node counts its timeout from this on. */
  freeze() {
    if (this.link) unawaited(this.link.request('time'))
  }

  /** The page goes away, perhaps to come back. No goodbye: a reload looks the same. */
  sleep() {
    this.#asleep = true
    this.#set('offline')
    this.#end()
  }

  /** The page is back, and another page of this tab may have gone on with our session; or all is to be seen anew. */
  wake() {
    if (this.#asleep) {
      this.resume = this.#stored() ?? this.resume
      return this.connect()
    }
    this.#pulse.nudge()
    if (this.link) this.#measure(this.link.probe())
    else if (this.#timer) this.#attempt()
  }

  /** Ends for good, with a goodbye. */
  close() {
    for (const link of this.links) link.bye()
    this.remember(null)
    this.#unwatch?.()
    this.#unwatch = null
    this.#end()
    this.#set('closed')
  }

  /** The node gave the session another name, or it is nobody's any more. @param {string | null} session */
  remember(session) {
    this.resume = session
    this.#session.put(session)
  }

  #stored() {
    const session = this.#session.get()
    return typeof session === 'string' ? session : null
  }

  #end() {
    this.#pulse.stop()
    this.#stopTimer()
    this.#attempts++
    const { link } = this
    this.link = this.#drained = null
    this.#drop(link)
    this.#drop(this.#next)
    this.#next = null
  }

  /** @param {Link | null} link */
  #drop(link) {
    link?.drop()
    if (link) this.#host.exit(link)
  }

  #stopTimer() {
    this.#clock.clearTimeout(this.#timer)
    this.#timer = null
  }

  /** Opens the next link; if there is one already, beside it. */
  async #attempt() {
    this.#stopTimer()
    const attempt = ++this.#attempts
    if (!this.link) this.#set('connecting')
    try {
      const token = await this.#tokens.get(this.time.now())
      if (attempt === this.#attempts) this.#open(token)
    } catch (error) {
      if (attempt !== this.#attempts) return
      this.#host.refused(/** @type {RollcallError} */ (error))
      this.#retry()
    }
  }

  /** @param {Token} token */
  #open(token) {
    const url = this.#urls[this.#turn++ % this.#urls.length]
    this.#shown = token
    this.#next = new Link(++this.#links, url, this.#options, this)
  }

  /** What a new link says first. */
  hello() {
    const token = this.#shown
    return { token: token ?? undefined, resume: this.resume ?? undefined, ...this.#host.hello(token) }
  }

  /** @param {Link} link */
  opened(link) {
    this.#host.enter(link)
  }

  /** @param {Link} link @param {any} message */
  take(link, message) {
    if (message.type === 'welcome') this.#welcomed(link, message)
    else if (message.type === 'drain') this.#drain(link, message.delay)
    this.#host.take(link, message)
    if (message.type === 'welcome' && link === this.link) this.#set('online')
    this.#pulse.nudge()
  }

  /** @param {Link} link @param {any} welcome */
  #welcomed(link, welcome) {
    const old = this.link
    this.link = link
    this.#next = this.#drained = null
    this.returning = false
    this.remember(welcome.session)
    this.#tokens.expires = welcome.expires
    this.#drop(old)
    this.time.doubt = Infinity
    this.time.measure(welcome.time, link.since)
    this.#measure(link.request('time')) // better, for welcome may have had to wait
  }

  /** @param {Promise<{ time: number }>} answer of the node, asked for its time just now */
  #measure(answer) {
    const asked = this.#clock.mono()
    const { link } = this
    answer.then(
      ({ time }) => link === this.link && this.time.measure(time, asked),
      () => {}, // the link ended, which is told elsewhere
    )
  }

  /** @param {Link} link @param {number} delay */
  #drain(link, delay) {
    if (link !== this.link || this.#drained === link) return
    this.#drained = link
    this.#timer = this.#clock.setTimeout(() => this.#attempt(), delay)
  }

  /** @param {Link} link @param {number} code @param {RollcallError} error */
  ended(link, code, error) {
    if (link === this.link) this.link = null
    else this.#next = null
    const moving = !this.link && this.#next // the other link is on its way
    if (!this.link && !moving) this.#set('offline')
    this.#host.exit(link)
    if (code === 4401 && link.number === this.#links) this.#tokens.refused(this.#shown)
    if (moving) return
    if (this.link) return this.#retry() // no other node takes us: stay and try again
    const good = link.welcome && this.#clock.mono() - link.since >= link.welcome.interval
    if (good) this.#failures = 0
    this.#conclude(code, error, good)
  }

  /**
   * Decides by the close code whether to come back.
   *
   * @param {number} code
   * @param {RollcallError} error
   * @param {boolean | null} good whether the link had lasted, so that its end is no failed attempt
   */
  #conclude(code, error, good) {
    const as = (/** @type {string} */ name) => new RollcallError(name, error.message)
    const last = !(code === 1000 && this.returning) && !(code === 4401 && !this.loggedOut) && endings[code]
    if (last) return this.#final(as((code === 4400 && error.code) || last))
    if (code === 4409) this.remember(null) // a cloned tab has our session now: leave it to her
    if (code === 4429) this.#failures = Math.max(this.#failures, patient)
    if (code === 4401 || code === 4429) this.#host.refused(as(error.code || (code === 4401 ? 'unauthorized' : 'limit_reached')))
    if (this.state !== 'closed') this.#retry(good) // else by a listener
  }

  /** @param {RollcallError} error */
  #final(error) {
    this.close()
    this.#host.end(error)
  }

  /**
   * Sees to the next attempt, unless there is no token to make it with.
   *
   * @param {boolean | null} [good] that it is the first one
   */
  #retry(good = false) {
    if (!this.link) this.#set('offline')
    this.#stopTimer()
    if (!this.#tokens.hopeful) return
    if (!good) this.#failures++
    this.#timer = this.#clock.setTimeout(
      () => this.#attempt(),
      backoff(this.#failures, this.#options.reconnect, this.#clock.random),
    )
  }

  /** @param {Beat} beat */
  #beat(beat) {
    this.#next?.check(beat.late)
    this.link?.check(beat.late)
    if (beat.jumped && this.link) {
      this.time.doubt = Infinity
      this.#measure(this.link.probe())
    }
    this.#host.beat(beat)
  }

  /** @param {State} state */
  #set(state) {
    if (state === this.state) return
    this.state = state
    this.#host.became(state)
  }
}
