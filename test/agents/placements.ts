/** The placements that the suites over real sockets are run in: alone, and with further fronts. */
import type { StartServerOptions } from '../../src/index.ts';

export interface PlacementCase {
  readonly placement: NonNullable<StartServerOptions['placement']>;
  readonly fronts: number;
}

export const placements: readonly PlacementCase[] = [
  { placement: 'inline', fronts: 1 },
  { placement: 'paired', fronts: 1 },
  { placement: 'threads', fronts: 1 },
  { placement: 'paired', fronts: 2 },
  { placement: 'threads', fronts: 3 },
];

export function placed(
  { placement, fronts }: PlacementCase,
  options: StartServerOptions = {},
): StartServerOptions {
  const settings = { ...options.settings, 'ringkeeper.fronts': fronts };
  return { ...options, placement, settings };
}
