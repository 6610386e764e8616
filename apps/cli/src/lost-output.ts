// A pipe that is closed, a disk behind `> file` that is full, a terminal that is gone: they end the printing,
// never the work.

/**
 * From now on errors of stdout and stderr are no errors of the process. Where output was lost other than by a
 * reader who had enough (`| head -1`), stderr says so, and a command that only prints fails: `onlyPrints` is
 * asked at the end.
 */
export function surviveLostOutput(onlyPrints: () => boolean): void {
  let lost = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (lost || error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return;
    lost = true;
    process.stderr.write(`stdout cannot be written, and is given up: ${error.message}\n`);
  });
  process.stderr.on('error', () => undefined);
  process.on('exit', (code) => {
    if (lost && code === 0 && onlyPrints()) process.exitCode = 1;
  });
}
