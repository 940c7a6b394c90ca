import { byId, fill, make, named, say } from './dom.js'
import { clock, count, lasting, list } from './words.js'

/** @import { Told } from './watchers.js' */

/** How many lines are kept. */
const most = 100

/** Within which time the word of another node is the same news, milliseconds. */
const same = 60_000

/** How long news is gathered before it is read out, milliseconds. */
const breath = 1_000

const reasons = /** @type {Record<string, string>} */ ({
  left: 'said goodbye', logout: 'logged out', closed: 'connection closed, and the grace over', timeout: 'silent for too long',
  expired: 'token over', kicked: 'sent away', node_lost: 'the node died',
})

/**
 * @typedef {object} Line
 * @property {number} at
 * @property {'join' | 'leave' | 'note' | 'deed'} kind
 * @property {string} user empty: it is about none
 * @property {string} text
 * @property {string[]} nodes that told it
 * @property {any} element
 */

/** Log is what happened, newest first, and how much since somebody last did something to the cluster. */
export class Log {
  /** @type {Line[]} */
  #lines = []
  /** @type {Line[]} */
  #unread = []
  #deed = { text: '', at: 0, count: 0 }

  /** Somebody came or left, as one node tells it. Returns false if another one has told that already. @param {string} node @param {Told} told */
  told(node, { action, user, reason }) {
    const text = action === 'join' ? 'joined' : `left (${reasons[reason ?? ''] ?? reason})`
    const known = this.#lines.find((line) => line.user === user && line.kind !== 'note')
    if (known?.text === text && !known.nodes.includes(node) && Date.now() - known.at < same) {
      known.nodes.push(node)
      this.#show(known)
      return false
    }
    this.#add({ kind: action, user, text, nodes: [node] })
    this.#deed.count++
    return true
  }

  /** Something about a seat. @param {string} user @param {string} text */
  note(user, text) {
    this.#add({ kind: 'note', user, text, nodes: [] })
  }

  /** Something was done to the cluster. @param {string} text */
  deed(text) {
    this.#add({ kind: 'deed', user: '', text: text[0].toUpperCase() + text.slice(1), nodes: [] })
    this.#deed = { text, at: Date.now(), count: 0 }
  }

  /** Shows how much has happened since the last deed. */
  quiet() {
    const { text, at, count: n } = this.#deed
    byId('quiet').dataset.state = !text ? 'idle' : n ? 'busy' : 'quiet'
    say(byId('quiet-count'), String(text ? n : 0))
    if (text) say(byId('quiet-text'), `${n === 1 ? 'join or leave' : 'joins or leaves'} on any node since ${text}, ${lasting(Date.now() - at)} ago`)
  }

  /** @param {Omit<Line, 'at' | 'element'>} news */
  #add(news) {
    const line = { ...news, at: Date.now(), element: make('li', { 'data-kind': news.kind }) }
    this.#lines.unshift(line)
    this.#lines.splice(most).forEach(({ element }) => element.remove())
    byId('events').prepend(line.element)
    byId('nothing').hidden = true
    this.#show(line)
    if (line.kind === 'join' || line.kind === 'leave') this.#read(line)
  }

  /** @param {Line} line */
  #show({ at, user, text, nodes, element }) {
    const said = nodes.length ? [' ', make('span', { class: 'by' }, `told by ${list([...nodes].sort())}`)] : []
    fill(element, make('time', { datetime: new Date(at).toISOString() }, clock(at)),
      make('span', { class: 'what' }, ...(user ? [make('span', { class: 'name' }, named(user)), text.startsWith(':') ? '' : ' '] : []), text, ...said))
  }

  /** Has it read out, with what else comes in this breath. @param {Line} line */
  #read(line) {
    this.#unread.push(line)
    if (this.#unread.length > 1) return
    setTimeout(() => {
      const lines = this.#unread.splice(0)
      const came = lines.filter(({ kind }) => kind === 'join').length
      const left = lines.length - came
      const short = [came && `${count(came, 'person', 'people')} joined`, left && `${count(left, 'person', 'people')} left`].filter(Boolean)
      byId('announcer').textContent = lines.length > 3 ? list(/** @type {string[]} */ (short)) : lines.map(({ user, text }) => `${user} ${text}`).join('. ')
    }, breath)
  }
}
