/** Real nodes on loopback, a real browser and a server of pages, for tests; all end with them. */
import { execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const here = (file) => fileURLToPath(new URL(file, import.meta.url))
const secret = '0123456789abcdef0123456789abcdef'

/** The pace of the nodes, milliseconds: slow enough for a slow machine to keep, and fast enough to wait for. */
export const timeout = 10_000
export const grace = 5_000
const pace = ['--interval=2s', `--timeout=${timeout}ms`, `--grace=${grace}ms`, `--drain=${2 * grace}ms`]

/** Where Chromium is; undefined: nowhere. */
export const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** A token of a user, good for so many seconds. */
export function sign(username, ttl = 3600) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ username, exp: Math.floor(Date.now() / 1000) + ttl })}`
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`
}

/** Builds rollcall in a folder, and returns where it is. */
export function buildProgram(folder) {
  const program = path.join(folder, 'rollcall')
  execFileSync('go', ['build', '-o', program, './cmd/rollcall'], { cwd: repository, stdio: 'inherit' })
  return program
}

export const launchBrowser = () =>
  chromium.launch({
    executablePath: browserPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })

export class Cluster {
  nodes = []

  static async start(count) {
    const cluster = new Cluster()
    cluster.folder = mkdtempSync(path.join(tmpdir(), 'rollcall-browser-'))
    cluster.program = buildProgram(cluster.folder)
    for (let i = 0; i < count; i++) cluster.nodes.push(await cluster.add())
    await cluster.#servePages()
    cluster.browser = await launchBrowser()
    return cluster
  }

  /** Starts one more node, which is ready when this is done; its `stopped` resolves with its exit code. */
  async add() {
    const name = `node-${(this.started = (this.started ?? 0) + 1)}`
    const [first] = this.nodes
    const child = spawn(this.program, [
      'serve', `--name=${name}`, `--jwt-secret=${secret}`, '--origins=*', '--log-format=json', ...pace,
      '--listen=127.0.0.1:0', '--admin=127.0.0.1:0', '--gossip=127.0.0.1:0', ...(first ? [`--join=${first.gossip}`] : []),
    ], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.children = [...(this.children ?? []), child]
    const stopped = new Promise((resolve) => child.once('exit', resolve))
    const log = []
    const up = new Promise((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        log.push(line)
        const said = JSON.parse(line)
        if (said.msg === 'node is up') resolve(said)
      })
    })
    const said = await Promise.race([up, stopped])
    if (!said?.listen) throw new Error(`${name} ended: ${log.join('\n')}`)
    const http = `http://${said.listen}`
    while (!(await fetch(`${http}/readyz`)).ok); // the node itself waits a timeout at most
    return { name, child, stopped, http, url: `ws://${said.listen}/v1/connect`, gossip: said.gossip }
  }

  /**
   * Serves /module, /plain and /react (see enter.js and react.page.js), all under a strict policy, and /plain/dynamic, which a
   * browser may not keep.
   */
  async #servePages() {
    const scripts = {
      '/rollcall.js': readFileSync(here('../../dist/rollcall.js')),
      '/enter.js': readFileSync(here('enter.js')),
      '/module.js': "import { Rollcall } from '/rollcall.js'\nglobalThis.Rollcall = Rollcall\nimport('/enter.js')",
      '/react.js': await bundle(here('react.page.js')),
    }
    this.server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url, 'http://page')
      if (scripts[pathname]) return response.setHeader('Content-Type', 'text/javascript').end(scripts[pathname])
      if (pathname === '/token') return response.end(sign(searchParams.get('user'), Number(searchParams.get('ttl') ?? 3600)))
      const [{ http }] = this.nodes
      const page = {
        '/module': '<script type="module" src="/module.js"></script>',
        '/plain': `<script src="${http}/client.js"></script><script src="/enter.js"></script>`,
        '/react': '<div id="root"></div><script src="/react.js"></script>',
      }[pathname.replace('/dynamic', '')]
      const nodes = searchParams.getAll('node').map((url) => new URL(url).origin)
      response.setHeader('Content-Type', 'text/html')
      response.setHeader('Content-Security-Policy', `default-src 'none'; script-src 'self' ${http}; connect-src 'self' ${nodes.join(' ')}`)
      if (pathname.endsWith('/dynamic')) response.setHeader('Cache-Control', 'no-store')
      response.end(`<!doctype html><title>${pathname}</title>${page}`)
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => this.server.once('listening', resolve))
    this.pages = `http://127.0.0.1:${this.server.address().port}`
  }

  async stop() {
    await this.browser?.close()
    for (const child of this.children ?? []) child.kill('SIGKILL')
    this.server?.close()
    this.server?.closeAllConnections()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** One script of a page that uses npm packages; React in the build that checks more. */
async function bundle(entry) {
  const { outputFiles } = await build({
    entryPoints: [entry], bundle: true, write: false, format: 'iife', target: 'es2022', define: { 'process.env.NODE_ENV': '"development"' },
  })
  return outputFiles[0].text
}
