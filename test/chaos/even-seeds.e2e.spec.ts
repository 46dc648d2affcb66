import { chaosOf } from './chaos-seeds.ts';

chaosOf({ full: [2, 4, 6, 8, 10], dense: 12 });
