/**
 * Where the bundle of a thread's entry lies. Run from `dist`, it is a neighbour; run from the
 * sources, as tests do, it is in the `dist` that was built before.
 */
export function bundledEntry(name: string): URL {
  const here = import.meta.url;
  return here.endsWith('.ts') ? new URL(`../../dist/${name}`, here) : new URL(`./${name}`, here);
}
