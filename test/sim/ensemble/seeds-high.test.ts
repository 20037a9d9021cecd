/** The second half of the seeds. */
import { describeSeeds } from './seed-runs.ts';

describeSeeds(501, 500);
