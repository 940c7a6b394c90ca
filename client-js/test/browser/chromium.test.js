/** The client in a real browser, at real nodes. Tests run side by side, each in a room of its own: most of their time is waiting. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { browserPath, Cluster, grace, timeout } from './cluster.js'
import { holds, online, pause, plain, Scene, tells, told } from './scene.js'

/** After this, whatever is to be told of an absence has been told. */
const settled = grace + 1_000

describe('in Chromium', { skip: browserPath ? false : 'no Chromium here', concurrency: 4 }, () => {
  let cluster
  before(async () => void (cluster = await Cluster.start(2)), { timeout: 300_000 })
  after(() => cluster?.stop())

  const check = (name, run) => it(name, { timeout: 300_000 }, (test) => run(new Scene(cluster, test), test))
  const state = (page) => page.evaluate(() => globalThis.rollcall.state)

  check('two tabs at two nodes see each other, once; a second tab of one of them is no event', async (scene) => {
    const [one, two] = cluster.nodes
    const alice = await scene.tab('alice', { nodes: [one] })
    const carol = await scene.tab('carol', { nodes: [two] })
    await tells(alice, 'join carol')
    assert.deepEqual([await alice.evaluate(() => globalThis.rollcall.node), await carol.evaluate(() => globalThis.rollcall.node)], [one.name, two.name])
    await carol.evaluate(() => globalThis.rollcall.setStatus('busy'))
    await tells(alice, 'update carol busy')
    const second = await scene.tab('carol', { nodes: [one] })
    await second.evaluate(() => globalThis.rollcall.close())
    await carol.evaluate(() => globalThis.room.leave())
    await tells(alice, 'leave carol left')
    assert.deepEqual(await told(alice, 'token', 'state', 'loaded', 'sync'), ['join carol', 'update carol busy', 'leave carol left'])
  })

  check('a plain script in a page without modules, under a strict policy', async (scene) => {
    const bob = await scene.bob()
    const alice = await scene.tab('alice', { path: '/plain' })
    await bob.sees('join alice')
    await tells(alice, 'sync alice bob')
    assert.deepEqual(await told(alice, 'loaded', 'sync'), ['token', 'state online'])
    await alice.close()
    await bob.sees('leave alice closed')
  })

  check('a reload is no event for others', async (scene) => {
    const bob = await scene.bob()
    const alice = await scene.tab('alice')
    await bob.sees('join alice')
    const session = () => alice.evaluate(() => globalThis.rollcall.session)
    const first = await session()
    const reload = () => alice.reload().then(() => online(alice))
    assert.deepEqual(await bob.seesOf(reload, grace, settled), [])
    assert.notEqual(await session(), first)
    await alice.evaluate(() => globalThis.rollcall.close())
    await bob.sees('leave alice left')
  })

  check('back to a page that the browser has kept: it goes on with its session, and others see nothing', async (scene, test) => {
    const bob = await scene.bob()
    const alice = await scene.tab('alice')
    await bob.sees('join alice')
    await alice.evaluate(() => void (globalThis.log.length = 0))
    const back = async () => {
      await alice.goto(`${cluster.pages}/elsewhere`)
      await alice.goBack({ waitUntil: 'commit' })
      await online(alice)
    }
    assert.deepEqual(await bob.seesOf(back, grace, settled), [])
    const log = await told(alice, 'token', 'sync')
    assert.deepEqual(log.filter((line) => /^(join|leave|update)/.test(line)), [])
    if (!log.includes('restored')) {
      // Short of memory, a browser keeps nothing; but it must not be for the sake of our socket.
      const why = await alice.evaluate(() => JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons ?? null))
      assert.doesNotMatch(why, /websocket/i)
      test.diagnostic(`not kept: ${why}`)
    }
    await alice.goto('about:blank') // and gone for longer
    await bob.sees('leave alice closed')
  })

  check('back to a page that the browser has not kept: it is loaded anew, and others see nothing', async (scene) => {
    const bob = await scene.bob()
    const alice = await scene.tab('alice', { path: '/module/dynamic' })
    await bob.sees('join alice')
    const back = async () => {
      await alice.goto(`${cluster.pages}/elsewhere`)
      await alice.goBack({ waitUntil: 'commit' })
      await online(alice)
    }
    assert.deepEqual(await bob.seesOf(back, grace, settled), [])
    assert.deepEqual(await told(alice, 'loaded', 'sync'), ['token', 'state online'])
  })

  check('a cloned tab: two sockets that live, and none that take turns', async (scene) => {
    const bob = await scene.bob()
    const alice = await scene.tab('alice')
    await bob.sees('join alice')
    const opened = alice.waitForEvent('popup')
    await alice.evaluate((url) => void window.open(url), scene.address('alice')) // which copies sessionStorage
    const clone = await opened
    await online(clone)
    await tells(alice, 'stale') // she has lost her session to the clone
    await online(alice)
    const sessions = () => Promise.all([alice, clone].map((page) => page.evaluate(() => globalThis.rollcall.session)))
    const first = await sessions()
    await pause(settled)
    assert.deepEqual([await state(alice), await state(clone), await sessions()], ['online', 'online', first])
    assert.notEqual(first[0], first[1])
    assert.deepEqual(bob.log, [])
  })

  check('the network is taken away and given back: what is shown is stale meanwhile, and others see nothing', async (scene) => {
    const bob = await scene.bob()
    const wire = await scene.wire(cluster.nodes[0])
    const alice = await scene.tab('alice', { nodes: [wire] })
    await bob.sees('join alice')
    const outage = async () => {
      await alice.evaluate(() => void (globalThis.log.length = 0))
      wire.cut = true
      await alice.context().setOffline(true)
      await tells(alice, 'stale')
      assert.notEqual(await state(alice), 'online')
      wire.cut = false
      await alice.context().setOffline(false)
      await online(alice)
    }
    assert.deepEqual(await bob.seesOf(outage, timeout - 2_500, settled), []) // the node may have heard of her a ping ago
    assert.deepEqual(await told(alice, 'token', 'state', 'sync'), ['stale'])
  })

  check('a token that ends soon is renewed, and nobody notices', async (scene) => {
    const bob = await scene.bob()
    const alice = await scene.tab('alice', { ttl: 20 })
    await bob.sees('join alice')
    await pause(27_000) // the first token has ended by then, and the 5 s of leeway, too
    assert.deepEqual([await state(alice), await told(alice, 'sync', 'loaded', 'token'), bob.log], ['online', ['state online'], []])
    assert.ok((await told(alice, 'sync', 'loaded', 'state')).length >= 2) // tokens
  })

  check('idle after the threshold, back at a key', async (scene) => {
    const bob = await scene.bob()
    const alice = await scene.tab('alice')
    await bob.sees('join alice')
    await alice.evaluate(() => globalThis.rollcall.monitor.start({ threshold: 1_000, interval: 200 }))
    await bob.sees('update alice away')
    await alice.keyboard.press('a')
    await bob.sees('update alice online')
    await bob.sees('update alice away')
    await alice.mouse.move(5, 5)
    await alice.mouse.move(9, 9)
    await bob.sees('update alice online')
  })

  check('a hidden tab whose timers run once a minute stays online for several timeouts', async (scene) => {
    const bob = await scene.bob()
    const alice = await (await scene.context).newPage()
    await alice.addInitScript(() => {
      const { setTimeout } = globalThis
      globalThis.runs = 0
      globalThis.setTimeout = (run, ms) => {
        const late = () => void (globalThis.runs++, run())
        return setTimeout(late, Math.ceil((performance.now() + ms) / 60_000) * 60_000 - performance.now())
      }
      Object.defineProperty(document, 'hidden', { get: () => true })
      Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })
    })
    await scene.tab('alice', { page: alice })
    await bob.sees('join alice')
    await pause(2.5 * timeout)
    assert.deepEqual([await state(alice), await told(alice, 'loaded', 'sync'), bob.log], ['online', ['token', 'state online'], []])
    assert.ok((await alice.evaluate(() => globalThis.runs)) <= 2)
  })

  check('the node under the tab is killed: it comes back elsewhere, and only differences are told', async (scene) => {
    const doomed = await cluster.add()
    const bob = await scene.bob()
    const alice = await scene.tab('alice', { nodes: [doomed, cluster.nodes[0]] })
    await bob.sees('join alice')
    await alice.evaluate(() => void (globalThis.log.length = 0))
    doomed.child.kill('SIGKILL')
    await holds(alice, (name) => globalThis.rollcall.node === name && globalThis.room.state === 'live', cluster.nodes[0].name)
    await pause(timeout + 2_000) // longer than it takes to see that the node is lost
    assert.deepEqual(await told(alice, 'token', 'sync'), ['state offline', 'stale', 'state connecting', 'state online'])
    assert.deepEqual(bob.log, [])
  })

  check('the node under the tab is stopped: the new socket is there before the old one ends, and nothing is told at all', async (scene) => {
    const leaving = await cluster.add()
    const bob = await scene.bob()
    const page = await (await scene.context).newPage()
    const sockets = []
    page.on('websocket', (socket) => {
      const to = socket.url() === leaving.url ? 'old' : 'new'
      // Not the welcome: the hello names the old session, whose node may end it before the welcome is here.
      socket.on('framesent', ({ payload }) => String(payload).includes('"hello"') && sockets.push(`hello to the ${to}`))
      socket.on('close', () => sockets.push(`end of the ${to}`))
    })
    const alice = await scene.tab('alice', { page, nodes: [leaving, cluster.nodes[0]] })
    await bob.sees('join alice')
    await alice.evaluate(() => void (globalThis.log.length = 0))
    leaving.child.kill('SIGTERM')
    await holds(alice, (name) => globalThis.rollcall.node === name && globalThis.room.state === 'live', cluster.nodes[0].name)
    assert.equal(await leaving.stopped, 0)
    await pause(settled)
    assert.deepEqual(await told(alice, 'token', 'sync'), []) // no state but online, never stale
    assert.ok(await alice.evaluate(() => globalThis.rollcall.join(globalThis.room.channel) === globalThis.room))
    assert.deepEqual([sockets, bob.log], [['hello to the old', 'hello to the new', 'end of the old'], []])
  })

  check('React, in StrictMode: one join, no leave; every commit shows one moment; other names are followed instead', async (scene) => {
    const bob = await scene.bob()
    const page = await (await scene.context).newPage()
    const said = []
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => {
      const { type, channel, users } = JSON.parse(payload)
      if (channel || users) said.push(plain(`${type} ${channel ?? users}`))
    }))
    await page.goto(scene.address('alice', { path: '/react' }))
    const show = (channel, friend) => page.evaluate((names) => globalThis.show(...names), [channel, scene.name(friend)])
    const shows = (text) => holds(page, (text) => globalThis.shown().replace(/\d+/g, '') === text, text)
    await show(scene.room, 'bob')
    await shows('live: alice bob; bob is online')
    await bob.sees('join alice')
    assert.deepEqual(bob.room.members.get(scene.name('alice')).data, { page: 'react' })
    assert.deepEqual(said, ['join room.', 'follow bob'])

    for (let i = 0; i < 10; i++) {
      const commits = await page.evaluate(() => globalThis.commits)
      await Promise.all([show(scene.room, 'bob'), bob.room.update({ i })]) // a transition makes way for news
      await holds(page, (commits) => globalThis.commits > commits, commits)
    }
    assert.equal(await page.evaluate(() => globalThis.torn), 0)

    await show(scene.room, 'carol')
    await shows('live: alice bob; carol is offline')
    await show(`${scene.room}.other`, 'carol')
    await shows('live: alice; carol is offline')
    await bob.sees('leave alice left')
    await show(null, '')
    await holds(page, (channel) => globalThis.rollcall.room(channel) === undefined, `${scene.room}.other`)
    const rest = ['follow carol', 'join room..other', 'leave room.', 'leave room..other', 'unfollow bob', 'unfollow carol']
    assert.deepEqual(said.slice(2).sort(), rest)
  })
})
