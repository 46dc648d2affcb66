/**
 * Shuts this process down when the one that started it is gone, even by SIGKILL: the channel between
 * the two closes, and the process signals SIGTERM to itself. Without a channel nothing happens.
 */
export function exitWithParent(): void {
  if (process.send === undefined) return; // Started by hand: it has no channel.
  if (process.connected) process.once('disconnect', leave);
  else leave();
}

function leave(): void {
  process.kill(process.pid, 'SIGTERM');
}
