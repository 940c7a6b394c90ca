import { byId, fill, keep, make, say } from '../shared/dom.js'
import { clock, count, lasting, list } from '../shared/words.js'

/** @import { Node } from './api.js' */

/** How long a node is still shown that is not there any more, milliseconds. */
const memory = 300_000

const marks = /** @type {Record<string, string>} */ ({ here: '✓', late: '…', gone: '✕' })
const words = /** @type {Record<string, string>} */ ({ here: 'here', late: 'late', draining: 'draining', gone: 'gone' })

/** Nodes shows the nodes: as this one believes them to be, and as each says itself. */
export class Nodes {
  #shown = new Map()
  /** @type {Map<string, { node: Node, gone: number }>} */
  #known = new Map()
  /** @type {Map<string, Node>} */
  #said = new Map()
  #heard = 0

  /** What each says. @param {Node[]} nodes @param {number} now by the clock of the node that answers */
  hear(nodes, now) {
    this.#said = new Map(nodes.map((node) => [node.id, node]))
    this.#heard = now
  }

  /** @param {Node[]} nodes the one that answers first @param {number} now by its clock */
  show(nodes, now) {
    for (const known of this.#known.values()) known.gone ||= now
    for (const node of nodes) this.#known.set(node.id, { node, gone: 0 })
    for (const [id, { gone }] of this.#known) if (gone && now - gone > memory) this.#known.delete(id)
    const all = [...this.#known.values()].sort((a, b) => a.node.name.localeCompare(b.node.name) || a.node.id.localeCompare(b.node.id))
    keep(byId('nodes'), this.#shown, all.map(({ node, gone }) => [node.id, { node, gone, now, own: node.id === nodes[0].id, nodes, said: this.#said.get(node.id), age: now - this.#heard }]), card)
    say(byId('agreement'), this.#agree(nodes))
  }

  /** Whether all see each other. @param {Node[]} nodes */
  #agree(nodes) {
    if (nodes.length === 1) return 'It is alone.'
    const late = nodes.filter(({ state }) => state === 'late').map(({ name }) => name)
    if (late.length) return `${list(late)} ${late.length === 1 ? 'is' : 'are'} late, and being asked.`
    const heard = nodes.filter(({ id }) => this.#said.get(id)?.says)
    if (heard.length < nodes.length) return `${heard.length} of ${nodes.length} have said how they see the others.`
    const apart = nodes.filter((node) => nodes.some((other) => other !== node && belief(this.#said.get(node.id), other) !== 'here')).map(({ name }) => name)
    return apart.length ? `${list(apart)} ${apart.length === 1 ? 'does' : 'do'} not see all of the others here.` : `All ${nodes.length} see each other.`
  }
}

/** What a node thinks of another. @param {Node | undefined} said @param {Node} other */
const belief = (said, other) => said?.says?.sees.find(({ id }) => id === other.id)?.state ?? 'gone'

/** @typedef {{ node: Node, gone: number, now: number, own: boolean, nodes: Node[], said?: Node, age: number }} Item */

/** @param {Item} item */
function card({ node: { id, name } }) {
  const title = make('h3', { id: `node-${id}` }, make('span', { class: 'pulse', 'aria-hidden': 'true' }), make('bdi', {}, name))
  const state = make('p', { class: 'state' })
  const holds = make('p', { class: 'holds' })
  const sees = make('p', { class: 'sees' })
  const where = make('p', { class: 'where' })
  const element = make('li', { class: 'node', 'aria-labelledby': title.id }, make('div', { class: 'head' }, title, state), holds, sees, where)
  element.show = (/** @type {Item} */ { node, gone, now, own, nodes, said, age }) => {
    const known = gone ? 'gone' : node.state
    element.dataset.state = known
    const heard = now - node.lastHeard
    fill(state, make('b', {}, words[known] ?? known), own ? ', it answers this page' : gone ? `, since ${clock(gone)}` : known === 'late' || heard > 30_000 ? `, last heard ${lasting(heard)} ago` : '')
    say(holds, `${count(node.sessions, 'session')}${node.anonymous ? `, ${node.anonymous} anonymous` : ''}, ${node.peak} at most`)
    holds.hidden = gone > 0
    fill(sees, ...(gone ? ['Its users had the timeout to be back elsewhere.'] : says(node, said, nodes, age)))
    say(where, [node.started && `up for ${lasting(now - node.started)}`, node.version, node.addresses.listen && `clients at ${node.addresses.listen}`].filter(Boolean).join(', '))
    where.hidden = gone > 0
  }
  return element
}

/** How old an answer may be without its age being told, milliseconds. A node that is late delays those of all. */
const fresh = 10_000

/** What a node says of itself and the others. @param {Node} node @param {Node | undefined} said @param {Node[]} nodes @param {number} age */
function says(node, said, nodes, age) {
  if (!said) return ['Being asked…']
  if (!said.says) return [`It does not say: ${said.unknown}.`]
  const others = nodes.filter(({ id }) => id !== node.id)
  const verb = age > fresh ? `Said ${lasting(age)} ago` : 'Says'
  const own = `${verb} ${said.says.sessions === said.sessions ? 'the same' : count(said.says.sessions, 'session')}`
  if (!others.length) return [`${own}.`]
  return [`${own}, and ${age > fresh ? 'saw' : 'sees'} `, ...others.flatMap((other) => {
    const thinks = belief(said, other)
    return [make('span', { class: 'belief', 'data-belief': thinks }, make('span', { 'aria-hidden': 'true' }, `${marks[thinks] ?? '?'} `), `${other.name} ${thinks}`), ' ']
  })]
}
