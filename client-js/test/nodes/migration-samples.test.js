/** The samples of ../../MIGRATION.md, run on real nodes as they stand. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { describe } from 'node:test'
import { sign } from './nodes.js'
import { ask, becomes, check, closing, connect, one, samples, streaming, withNodes } from './stage.js'

describe('MIGRATION.md: samples', { timeout: 180_000 }, () => {
  withNodes()

  /** Runs a client's sample as it stands, but for address and package; `lines` is what it prints. */
  async function runSample(code, user) {
    const file = new URL(`./sample-${user}.mjs`, import.meta.url)
    const lines = []
    globalThis.sample = {
      console: { log: (...words) => lines.push(words.map(String).join(' ')) },
      fetch: async () => new Response(sign({ username: user })),
    }
    const text = code.replace("'rollcall-client'", "'../../src/index.js'").replace('wss://chat.example/v1/connect', one.url)
    try {
      writeFileSync(file, `const { console, fetch } = globalThis.sample\n${text}\nexport { rollcall }`)
      const { rollcall } = await import(file)
      closing(rollcall)
      await becomes(rollcall, 'state', () => rollcall.state === 'online')
      return { rollcall, lines }
    } finally {
      rmSync(file)
    }
  }

  check('the sample of sc-stateless-presence runs', async (name) => {
    const bob = await connect('bob')
    await bob.join('sample').ready
    const { rollcall, lines } = await runSample(samples('run')[0], name('alice'))
    const room = rollcall.room('sample')
    assert.deepEqual(lines.slice(0, 2).sort(), [`join ${name('alice')}`, 'join bob'])
    assert.deepEqual(lines[2].split(/[ ,]/).sort(), [name('alice'), 'bob', 'true'])
    bob.close()
    await becomes(room, 'change', () => lines.at(-1) === 'leave bob')
  })

  check('the sample of faye-presence runs', async (name) => {
    const { rollcall, lines } = await runSample(samples('run')[1], name('alice'))
    const room = rollcall.room('room')
    await room.ready
    assert.deepEqual([lines, room.members.get(rollcall.user).data], [['[object Map]'], { name: 'Alice' }])
    const bob = await connect('bob')
    bob.join('room', { data: {} })
    await becomes(room, 'change', () => lines.at(-1) === 'subscribe bob [object Object]')
    bob.close()
    await becomes(room, 'change', () => lines.at(-1) === 'unsubscribe bob left')
  })

  check('the sample of konecty:user-presence runs', async (name) => {
    const { rollcall, lines } = await runSample(samples('run')[2], name('alice'))
    const bob = rollcall.followed('bob')
    await becomes(bob, 'change', () => lines.at(-1) === 'bob is offline')
    await connect('bob')
    await becomes(bob, 'change', () => lines.at(-1) === 'bob is online')
    const { chosen, text } = await ask(`/v1/users/${rollcall.user}`, ({ chosen }) => chosen === 'busy')
    assert.deepEqual([chosen, text, rollcall.monitor.isMonitoring], ['busy', 'in a meeting', true])
  })

  check('the sample of user-status runs', async (name) => {
    const { rollcall, lines } = await runSample(samples('run')[3], name('alice'))
    rollcall.setAway()
    rollcall.monitor.ping()
    assert.deepEqual(lines, ['true', 'false'])
  })

  /** Runs what a server does, with the reader of events before it, until it has given out what fits. */
  async function runServer(code, out, act, fits) {
    const reads = (url) => streaming(url.replace('http://127.0.0.1:9090', one.admin))
    let done
    const enough = new Promise((resolve) => (done = resolve))
    const tell = (...words) => fits(words) && done()
    new Function('fetch', out, `return (async () => {${code}})()`)(reads, out === 'save' ? tell : { log: tell }).catch(() => {})
    await act()
    await enough
  }

  check('the sample of events in a server runs', async (name) => {
    await connect(name('alice'))
    const told = []
    await runServer(samples('events')[0], 'save', () => connect(name('bob')), (words) => {
      told.push(words.join(' '))
      return ['alice', 'bob'].every((user) => told.includes(`${name(user)} online`))
    })
  })

  check('the sample of connections in a server runs', async (name) => {
    const [events] = samples('events')[0].split('\n\n')
    await runServer(`${events}\n${samples('server')[0]}`, 'console', () => connect(name('alice')), ([user, session, address, , since]) =>
      user === name('alice') && session && address === '127.0.0.1' && since > 0)
  })
})
