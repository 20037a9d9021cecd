/** The process in which a load runs, apart from whoever measures and from the server. */
import { runLoad } from './driver.ts';
import type { LoadSpec } from './workload.ts';

process.once('message', async (spec: LoadSpec) => {
  process.send?.(await runLoad(spec));
  process.disconnect();
});
