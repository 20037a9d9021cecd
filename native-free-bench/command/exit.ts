/** How the command lines end. */
import { UsageError } from './usage-error.ts';

const usageExitCode = 2;

/** Runs `main`; what it throws is said on stderr in one line when the user is to change something. */
export async function exitWithUsageErrors(main: () => Promise<void> | void): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n--help says more`);
    process.exitCode = usageExitCode;
  }
}
