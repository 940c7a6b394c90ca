import { byId, fill, keep, make, named, say } from './dom.js'
import { bound, count, hue, initial, lasting } from './words.js'

/** @import { NodeSight, Sight } from './api.js' */

/** How many people a node's card shows one by one. */
const faces = 12

const words = { starting: 'starting', running: 'running', paused: 'paused', killed: 'killed' }
const shown = new Map()

/**
 * Shows the nodes.
 *
 * @param {Sight} sight
 * @param {(node: string) => any} room as that node shows it
 * @param {(node: string, action: string) => void} act
 */
export function showNodes(sight, room, act) {
  const { timeout, grace } = sight
  say(byId('rules'), `Pause holds a node still: for less than ${bound(grace)} nobody can tell, after ${bound(timeout)} the others give it up. Kill ends it without a goodbye: its people come back elsewhere, and who does not is gone after ${bound(timeout)}.`)
  keep(byId('nodes'), shown, sight.nodes.map((node) => [node.name, { node, sight, room: room(node.name) }]), ({ node }) => card(node.name, act))
}

/** @typedef {{ node: NodeSight, sight: Sight, room: any }} Item */

/** @param {string} name @param {(node: string, action: string) => void} act */
function card(name, act) {
  const title = make('h3', { id: `title-${name}` }, make('span', { class: 'pulse', 'aria-hidden': 'true' }), name)
  const state = make('p', { class: 'state' })
  const shows = make('p', { class: 'shows' })
  const sees = make('p', { class: 'sees' })
  const hint = make('p', { class: 'hint', id: `hint-${name}` })
  const fate = make('span', { class: 'fate', 'aria-hidden': 'true' })
  const first = make('button', { type: 'button', 'aria-describedby': `${hint.id} rules`, onclick: () => act(name, first.value) })
  const kill = make('button', { type: 'button', class: 'danger', 'aria-describedby': `${hint.id} rules`, onclick: () => {
    first.focus() // for the other one goes away
    act(name, 'kill')
  } }, 'Kill')
  kill.setAttribute('aria-label', `Kill ${name}`)
  const element = make('li', { class: 'node', 'aria-labelledby': title.id }, make('div', { class: 'head' }, title, state, make('div', { class: 'doings' }, first, kill)),
    make('div', { class: 'view' }, shows, sees), hint, fate)
  element.show = (/** @type {Item} */ { node, sight, room }) => {
    element.dataset.state = node.state
    fill(state, make('b', {}, words[node.state]), node.state === 'running' ? `, ${count(node.sessions, 'session')}` : '')
    fill(shows, ...roster(node, room))
    fill(sees, ...beliefs(node))
    sees.hidden = node.state !== 'running'
    const [action, label] = node.state === 'killed' ? ['start', 'Start'] : node.state === 'paused' ? ['resume', 'Resume'] : ['pause', 'Pause']
    first.value = action
    say(first, label)
    first.setAttribute('aria-label', `${label} ${name}`)
    first.disabled = node.state === 'starting'
    kill.hidden = node.state === 'killed'
    const gone = node.state === 'paused' || node.state === 'killed' ? Date.now() - node.since : 0
    element.classList.toggle('doomed', gone > 0 && gone < sight.timeout)
    fate.style.setProperty('--gone', String(Math.min(1, gone / sight.timeout)))
    say(hint, foresee(node, sight, gone))
    hint.hidden = node.state === 'running'
  }
  return element
}

/** What this node shows to whoever follows the room there. @param {NodeSight} node @param {any} room */
function roster(node, room) {
  if (node.state === 'killed') return ['Shows nothing: it is not there.']
  if (!room) return [node.state === 'paused' ? 'Does not answer any more.' : 'Being asked…']
  const members = [...room.members.keys()].sort() // each node knows them in an order of its own
  const parts = [make('span', { class: 'label' }, `${node.state === 'paused' ? 'Showed' : 'Shows'} ${room.count || 'nobody'}`)]
  const seals = members.slice(0, faces).map((user) => {
    const seal = make('span', { class: 'seal small', title: user, 'aria-hidden': 'true' }, initial(user))
    seal.style.setProperty('--hue', String(hue(user)))
    return seal
  })
  if (members.length) parts.push(make('span', { class: 'unseen' }, ': ', ...members.flatMap((user, i) => (i ? [', ', named(user)] : [named(user)]))))
  if (room.count > faces) seals.push(make('span', { class: 'more', 'aria-hidden': 'true' }, `+${room.count - faces}`))
  return [...parts, make('span', { class: 'faces' }, ...seals)]
}

const marks = /** @type {Record<string, string>} */ ({ here: '✓', late: '…', draining: '→', gone: '✕' })

/** What the node believes of the others. @param {NodeSight} node */
function beliefs({ sees, state }) {
  if (!sees.length) return state === 'running' ? ['It is alone.'] : []
  return [make('span', { class: 'label' }, 'Sees '), ...sees.flatMap(({ name, state }) => [
    make('span', { class: 'belief', 'data-belief': state }, make('span', { 'aria-hidden': 'true' }, `${marks[state] ?? '?'} `), `${name} ${state}`), ' '])]
}

/** What will happen, or would. @param {NodeSight} node @param {Sight} sight @param {number} gone */
function foresee({ state }, { timeout, grace }, gone) {
  const left = timeout - gone
  switch (state) {
    case 'starting':
      return 'It reads what the others know before it serves anybody.'
    case 'running':
      return ''
    case 'paused':
      if (gone < grace) return `Held still for ${lasting(gone)}. Nobody can tell yet.`
      if (left > 0) return `Held still for ${lasting(gone)}. The others ask for it; in about ${lasting(left)} they give it up.`
      return `Held still for ${lasting(gone)}, and given up. Resume it, and it comes back with whoever it still holds.`
    default:
      if (left > 0) return `Killed ${lasting(gone)} ago. Its people have about ${lasting(left)} more to come back elsewhere, unseen.`
      return 'Gone. Whoever came back elsewhere never left. Start it: it will be another node of the same name.'
  }
}
