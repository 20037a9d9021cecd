/**
 * Setup of every test file: property tests draw from one seed, so that a run says the same twice.
 * `FC_SEED=random` explores further; what it finds is reported with the seed that it drew.
 */
import fc from 'fast-check';

const wanted = process.env['FC_SEED'] ?? '3905';

if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted) });
