/** The operations that are neither get nor set, alone. */
import { loadScenario } from '../harness/load-cases.ts';

const busy = { connections: 64, depth: 16, figure: 'ops/s' } as const;

export const operations = loadScenario({
  name: 'operations',
  title: 'exists, create and delete, multi of 10 sets, and listing many children',
  isDefault: false,
  cases: [
    { ...busy, mix: { exists: 1 } },
    { ...busy, mix: { createDelete: 1 }, called: 'create+delete' },
    { ...busy, mix: { createDeleteEphemeral: 1 }, called: 'ephemeral create+delete' },
    { ...busy, mix: { multi: 1 }, multiOperations: 10, called: 'multi of 10 sets', depth: 4 },
    {
      ...{ mix: { getChildren: 1 }, children: 10_000, scales: 'children' },
      ...{ connections: 16, depth: 1, figure: 'ops/s' },
    },
  ],
});
