/** Why somebody is online, and what would end that, in words. */
import { clock, count, lasting, list } from '../shared/words.js'

/** @import { End, Session, Why } from './api.js' */

/** When something will be, or that it is due. @param {number} at @param {number} now both by the node's clock */
export const when = (at, now) => (at - now > 1_000 ? `in ${lasting(at - now)}, at ${clock(at)}` : 'now')

/** What would end a session. @param {End} end @param {Session} session @param {number} now */
export function ending({ reason, at }, session, now) {
  switch (reason) {
    case 'timeout':
      return session.held?.graceUntil
        ? `${session.node} was paused and waits for a frame; without one it ends ${when(at, now)}`
        : `if its socket stays silent: ${when(at, now)}`
    case 'expired':
      return `unless its token is renewed: ${when(at, now)}`
    case 'closed':
      return `unless its client is back: ${when(at, now)}`
    case 'node_lost':
      return `unless ${session.node}, which is late, is heard of again: ${when(at, now)}`
    default:
      return `${reason}: ${when(at, now)}`
  }
}

const provided = /** @type {Record<string, string>} */ ({
  timeout: 'If nothing more came from her, she would leave', expired: 'Unless her token is renewed, she leaves', closed: 'Unless her client is back, she leaves', node_lost: 'Unless her node is heard of again, she leaves',
})

/** Says of a user in one or two sentences why she is there. @param {Why} told @param {number} now */
export function verdict({ user, status, chosen, sessions, leaves, lastSeen }, now) {
  if (!sessions.length) {
    const seen = lastSeen ? ` She was last seen ${lasting(now - lastSeen)} ago, at ${clock(lastSeen)}.` : ''
    return `${user} is offline: no node holds a session of hers.${seen}`
  }
  const live = sessions.filter(({ state }) => state !== 'broken')
  const held = `${count(sessions.length, 'session')} on ${list([...new Set(sessions.map(({ node }) => node))].sort())}`
  const hidden = chosen === 'offline' ? ' She chose to be offline, so nobody else sees her.' : ''
  const grace = live.length ? '' : ' All are in grace: their connections are lost, and may come back.'
  const end = leaves ? ` ${provided[leaves.reason] ?? 'She leaves'} ${when(leaves.at, now)}.` : ''
  return `${user} is ${hidden ? 'connected' : status}: ${held}.${hidden}${grace}${end}`
}

/** What only the holder of a session knows of it. @param {Session} session @param {number} now */
export function facts({ held, unknown, node }, now) {
  if (!held) return [`Only ${node} knows more, and: ${unknown}.`]
  const all = []
  if (held.lastFrame) all.push(`last frame ${lasting(now - held.lastFrame)} ago`)
  if (held.graceUntil && !held.socket) all.push(`in grace: its connection is lost, and it may come back until ${clock(held.graceUntil)}`)
  if (held.socket && !held.tokenUntil) all.push('no token: it is anonymous')
  if (!held.socket && !held.graceUntil) all.push('held by no socket and in no grace: a ghost')
  return all
}
