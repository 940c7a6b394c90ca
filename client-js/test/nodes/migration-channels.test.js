/** What ../../MIGRATION.md promises of channels, tried on real nodes. Titles begin with the features that a test tries. */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import WebSocket from 'ws'
import { Rollcall } from '../../src/index.js'
import { sign } from './nodes.js'
import { ask, becomes, check, closing, connect, diary, get, one, two, wire, withNodes } from './stage.js'

describe('MIGRATION.md: channels', { timeout: 180_000 }, () => {
  withNodes()

  check('K7 C13 F7: who leaves is told at once, who closes after the grace, both for their reason', async (name) => {
    const room = (await connect(name('watcher'), { node: two })).watch(name('room'))
    const { lines, tells } = diary(room)
    await room.ready
    const alice = await connect(name('alice'))
    alice.join(room.channel)
    await tells(`join ${alice.user}`)
    alice.room(room.channel).leave()
    await tells(`leave ${alice.user} left`)
    const { socket, say } = await wire({ username: name('bob') })
    await say({ type: 'join', channel: room.channel })
    await tells(`join ${name('bob')}`)
    socket.terminate()
    await tells(`leave ${name('bob')} closed`)
    assert.equal(lines.length, 4)
  })

  check('F12: there is no message to a channel', async (name) => {
    const alice = await connect(name('alice'))
    await alice.join(name('room')).ready
    await assert.rejects(alice.links[0].request('publish', { channel: name('room'), data: {} }), { code: 'unsupported' })
  })

  check('P16: a channel that all join is a live list of who is online', async (name) => {
    const alice = await connect(name('alice'))
    const room = alice.join(name('online'))
    const { tells } = diary(room)
    await room.ready
    const bob = await connect(name('bob'), { node: two })
    bob.join(room.channel)
    await tells(`join ${bob.user}`)
    bob.close()
    await tells(`leave ${bob.user} left`)
    assert.deepEqual([...room.members.keys()], [alice.user])
  })

  check('C1: a token without the claim is refused, and no token is nobody', async () => {
    const lost = closing(new Rollcall(one.url, { WebSocket, storage: null, token: sign({ sub: 'alice' }) }))
    const refused = new Promise((resolve) => lost.on('error', resolve))
    assert.equal((await refused).code, 'unauthorized')
    assert.equal((await connect(null)).user, null)
  })

  check('C5 C6 C8 C9: listeners of nobody are told of all, stop alone or together, and make no member', async (name) => {
    const alice = await connect(name('alice'))
    await alice.join(name('room')).ready
    const nobody = await connect(null, { node: two })
    const heard = [[], []]
    const listeners = heard.map((list) => ({ action, username }) => list.push(`${action} ${username}`))
    for (const listener of listeners) nobody.trackPresence(name('room'), listener)
    const room = nobody.room(name('room'))
    await becomes(room, 'change', () => room.has(alice.user))
    assert.deepEqual([heard, room.count], [[[`join ${alice.user}`], [`join ${alice.user}`]], 1])
    nobody.untrackPresence(room.channel, listeners[0])
    alice.room(room.channel).leave()
    await becomes(room, 'change', () => !room.has(alice.user))
    assert.deepEqual(heard, [[`join ${alice.user}`], [`join ${alice.user}`, `leave ${alice.user}`]])
    nobody.untrackPresence(room.channel)
    assert.equal(nobody.room(room.channel), undefined)
  })

  check('C5 F8: a loop tells of each who comes and goes, and ends when the room is left', async (name) => {
    const [alice, bob] = [await connect(name('alice')), await connect(name('bob'))]
    const room = alice.watch(name('room'))
    await room.ready
    const loop = room.changes()
    bob.join(room.channel)
    const { action, user } = (await loop.next()).value
    assert.deepEqual([action, user], ['join', bob.user])
    room.leave()
    assert.equal((await loop.next()).done, true)
  })

  check('C7 C10 F2 F4 F5 F6 F10 F13: a user is one entry with her data, whatever she is connected with', async (name) => {
    const bob = await connect(name('bob'))
    const room = bob.join(name('room'))
    const { lines, tells } = diary(room)
    await room.ready
    assert.deepEqual([[...room.members.keys()], lines], [[bob.user], []])
    const data = { name: 'Alice' }
    const tabs = [await connect(name('alice')), await connect(name('alice'))]
    for (const tab of tabs) assert.equal((await tab.join(room.channel, { data }).ready).has(bob.user), true)
    tabs[0].close()
    await ask(`/v1/users/${name('alice')}`, ({ sessions }) => sessions.length === 1)
    assert.deepEqual([room.members.get(name('alice')).data, lines], [data, [`join ${name('alice')}`]])
    const { members } = await get(`/v1/channels/${room.channel}`)
    assert.deepEqual(members.find(({ user }) => user === name('alice')).data, data)
    await tabs[1].room(room.channel).update({ name: 'A.' })
    await tells(`update ${name('alice')}`)
    tabs[1].close()
    await tells(`leave ${name('alice')} left`)
    assert.equal(lines.length, 3)
  })

  check('C11 F3: who is nobody joins nothing; a login keeps what is watched, and a logout leaves what was joined', async (name) => {
    const alice = await connect(null)
    await assert.rejects(alice.join(name('room')).ready, { code: 'unauthorized' })
    const watched = alice.watch(name('watched'))
    await watched.ready
    await alice.setToken(sign({ username: name('alice') }))
    const joined = await alice.join(name('room')).ready
    assert.equal(joined.has(name('alice')), true)
    await alice.logout()
    assert.deepEqual([alice.state, joined.state, watched.state], ['online', 'ended', 'live'])
  })

  check('C12 S13: another name is a leave and a join, the same name no event', async (name) => {
    const room = (await connect(name('watcher'))).watch(name('room'))
    const { lines, tells } = diary(room)
    await room.ready
    const alice = await connect(name('alice'))
    await alice.join(room.channel).ready
    await alice.setToken(sign({ username: name('alice'), exp: Math.floor(Date.now() / 1000) + 7200 }))
    await alice.setToken(sign({ username: name('bob') }))
    await tells(`join ${name('bob')}`)
    assert.deepEqual([...lines].sort(), [`join ${name('alice')}`, `join ${name('bob')}`, `leave ${name('alice')} logout`])
  })

  check('F1: any channel has presence, for those who may', async (name) => {
    const alice = await connect({ username: name('alice'), channels: [name('room')] })
    await alice.join(name('room')).ready
    await assert.rejects(alice.join(name('other')).ready, { code: 'forbidden' })
  })
})
