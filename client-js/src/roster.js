/**
 * A user in a channel, as the node tells of her. One per user, however many tabs and devices.
 *
 * @typedef {object} Member
 * @property {string} user
 * @property {number} since when she joined first, Unix milliseconds of the node
 * @property {'away' | 'busy'} [status] left out when online
 * @property {Record<string, any>} [data] what she said of herself when she joined or updated
 * @property {any} [profile] the claim of her token: vouched for by whoever signed it
 * @property {number} [lastActivity] when away
 */

/**
 * Who is in a channel, as far as we were told. Never changed, only replaced: whoever holds one
 * may go through it at leisure.
 *
 * @typedef {object} Roster
 * @property {number} version number of the last diff in it, on the node that sent it
 * @property {number} count how many there are, even if not all are listed
 * @property {boolean} partial only some are listed: the channel is too large
 * @property {boolean} complete false: a node is late, so members may be missing, `count` included
 * @property {ReadonlyMap<string, Member>} members by user, in order of arrival
 */

/**
 * @typedef {{ action: 'join', user: string, member: Member }
 *   | { action: 'update', user: string, member: Member, old: Member }
 *   | { action: 'leave', user: string, member: Member, reason: string }} Change
 */

/**
 * @typedef {object} Snapshot a message `roster`, or a part of one
 * @property {number} version
 * @property {number} count
 * @property {Member[]} [members]
 * @property {boolean} [partial]
 * @property {boolean} [complete]
 */

/**
 * @typedef {object} Diff a message `diff`
 * @property {number} version
 * @property {number} count
 * @property {Member[]} [join]
 * @property {Member[]} [update]
 * @property {{ user: string, reason: string }[]} [leave]
 */

/** What is known of a channel before its first roster. @type {Roster} */
export const nobody = { version: 0, count: 0, partial: false, complete: true, members: new Map() }

/**
 * Returns the roster that the parts of one answer make together.
 *
 * @param {Snapshot[]} parts at least one
 * @returns {Roster}
 */
export function assemble(parts) {
  const { version, count } = parts[parts.length - 1]
  const members = new Map()
  for (const part of parts) for (const member of part.members ?? []) members.set(member.user, member)
  return {
    version,
    count,
    partial: parts.some((part) => part.partial),
    complete: parts.every((part) => part.complete !== false),
    members,
  }
}

/**
 * Returns what is known once a roster has come where another was known, and what that changes.
 * Dates alone are no change. Whoever is not listed has left, with two exceptions. If a node is
 * late, she stays until somebody says that she left. If the channel is too large to be listed,
 * she is listed no more, and nobody can tell whether she left.
 *
 * @param {Roster} before
 * @param {Roster} after
 * @param {string} [reason] why whoever left did
 * @returns {{ roster: Roster, changes: Change[] }}
 */
export function replace(before, after, reason = 'missed') {
  /** @type {Change[]} */
  const changes = []
  const members = new Map(after.members)
  for (const [user, member] of before.members) {
    if (after.members.has(user)) continue
    if (!after.complete) members.set(user, member)
    else if (!after.partial) changes.push({ action: 'leave', user, member, reason })
  }
  for (const [user, member] of after.members) changes.push(...arrival(before.members.get(user), member))
  return { roster: { ...after, members }, changes }
}

/**
 * Returns the roster after a diff, and what that changes; null if a diff between them is missing.
 * Whoever joins and is known already was kept in doubt, and it is no news that she is here; whoever
 * leaves and is not known was one of those that a partial roster does not list.
 *
 * @param {Roster} before
 * @param {Diff} diff
 * @returns {{ roster: Roster, changes: Change[] } | null}
 */
export function apply(before, { version, count, join = [], update = [], leave = [] }) {
  if (version !== before.version + 1) return null
  /** @type {Change[]} */
  const changes = []
  const members = new Map(before.members)
  for (const member of [...join, ...update]) {
    changes.push(...arrival(members.get(member.user), member))
    members.set(member.user, member)
  }
  for (const { user, reason } of leave) {
    const member = members.get(user)
    if (member !== undefined) changes.push({ action: 'leave', user, member, reason })
    members.delete(user)
  }
  return { roster: { ...before, version, count, members }, changes }
}

/**
 * @param {Member | undefined} old
 * @param {Member} member
 * @returns {Change[]}
 */
function arrival(old, member) {
  const user = member.user
  if (old === undefined) return [{ action: 'join', user, member }]
  return look(old) === look(member) ? [] : [{ action: 'update', user, member, old }]
}

/**
 * All of a member but dates. Nodes pass data and profile on as they were written, so comparing what
 * is written is enough.
 *
 * @param {Member} member
 */
function look({ status, data, profile }) {
  return JSON.stringify([status, data, profile])
}
