import { chaosOf } from './chaos-seeds.ts';

chaosOf({ full: [1, 3, 5, 7, 9], dense: 11 });
