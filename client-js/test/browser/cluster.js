/** Real nodes on loopback, a real browser and a server of pages, for tests; all end with them. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { Nodes, sign as signClaims } from '../nodes/nodes.js'

const here = (file) => fileURLToPath(new URL(file, import.meta.url))

/** The pace of the nodes, milliseconds: slow enough for a slow machine to keep, and fast enough to wait for. */
export const timeout = 10_000
export const grace = 5_000
const pace = ['--interval=2s', `--timeout=${timeout}ms`, `--grace=${grace}ms`, `--drain=${2 * grace}ms`]

/** Where Chromium is; undefined: nowhere. */
export const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** A token of a user, good for so many seconds. */
export const sign = (username, ttl = 3600) => signClaims({ username, exp: Math.floor(Date.now() / 1000) + ttl })

export const launchBrowser = () =>
  chromium.launch({
    executablePath: browserPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })

export class Cluster extends Nodes {
  static async start(count) {
    const cluster = await super.start(count, ['--origins=*', ...pace])
    await cluster.#servePages()
    cluster.browser = await launchBrowser()
    return cluster
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
    this.server?.close()
    this.server?.closeAllConnections()
    await super.stop()
  }
}

/** One script of a page that uses npm packages; React in the build that checks more. */
async function bundle(entry) {
  const { outputFiles } = await build({
    entryPoints: [entry], bundle: true, write: false, format: 'iife', target: 'es2022', define: { 'process.env.NODE_ENV': '"development"' },
  })
  return outputFiles[0].text
}
