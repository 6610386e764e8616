import { createTNet, tnetNames } from '@ma-net/tnet';
import { countParameters } from '@ma-net/metrics';
import { count } from '../quantities.ts';
import { createScreen } from '../screen.ts';
import { table } from '../table.ts';

/** Classes that the parameters are counted for. */
const CLASSES = 10;

/** `manet networks`: the zoo, a line each. */
export async function listNetworks(): Promise<void> {
  const screen = createScreen();
  const rows: string[][] = [];
  for (const name of tnetNames) {
    const network = await createTNet(name, { numClasses: CLASSES });
    rows.push([name, network.inputs[0]!.shape.join(' x '), count(countParameters(network).total)]);
  }
  for (const line of table(['network', 'images', `parameters, ${CLASSES} classes`], rows, screen.width))
    screen.line(line);
}
