/** To a process that there has to be: the number 0 would be this one and all of its group. */
export function sendSignal(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) throw new Error(`there is no process to send ${signal} to`);
  process.kill(pid, signal);
}
