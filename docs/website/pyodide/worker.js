// Python for one chapter, in a thread of its own: it can be stopped, and the page stays responsive.
import { loadPyodide } from './pyodide.mjs'
const began = (async () => {
  const lang = new URL(self.location.href).searchParams.get('lang')
  const [python, library, cells] = await Promise.all([loadPyodide({ env: { LANGUAGE: lang, HOME: '/home/pyodide' } }),
    fetch(new URL('chainrule.zip', import.meta.url)).then(got => got.arrayBuffer()), fetch(new URL('cells.py', import.meta.url)).then(got => got.text())])
  python.unpackArchive(library, 'zip', { extractDir: '/lib/chainrule' })
  python.FS.writeFile('/lib/chainrule/cells.py', cells)
  python.runPython("import sys; sys.path.insert(0, '/lib/chainrule'); import cells; chapter = cells.Cells()")
  return python
})()
began.then(() => postMessage({ ready: true }), error => postMessage({ failed: String(error) }))
self.onmessage = async ({ data: { id, code } }) => {
  const python = await began
  const run = python.runPython('lambda code: __import__("json").dumps(chapter.run(code))')
  postMessage({ id, outputs: JSON.parse(run(code)) })
}
