/**
 * A Wireshark profile for the extracts: columns that show who, when and why; colours for what findings speak of; a button per
 * claim. Text files as Wireshark 4 keeps them under profiles/NAME (User's Guide, appendix B).
 */
import type { ExtractEntry } from '../extracts/build.ts';

const PROFILE_FOLDER = 'wireshark/lagdiff';

const COLUMNS: readonly (readonly [string, string])[] = [
  ['No.', '%m'],
  ['UTC', '%Yut'],
  ['Interface', '%Cus:frame.interface_name:0:R'],
  ['Source', '%s'],
  ['Destination', '%d'],
  ['Protocol', '%p'],
  ['Length', '%L'],
  ['TTL', '%Cus:ip.ttl or ipv6.hlim:0:R'],
  ['DSCP', '%Cus:ip.dsfield.dscp or ipv6.tclass.dscp:0:R'],
  ['TSval', '%Cus:tcp.options.timestamp.tsval:0:R'],
  ['TSecr', '%Cus:tcp.options.timestamp.tsecr:0:R'],
  ['Why', '%Cus:frame.comment:0:R'],
];

/** Name, filter, background, foreground: 16 bits each, from the palette of the figures. */
export const COLOURS: readonly (readonly [string, string, string, string])[] = [
  ['reset', 'tcp.flags.reset == 1', '54741,24158,0', '65535,65535,65535'],
  ['handshake', 'tcp.flags.syn == 1', '52428,31097,42919', '0,0,0'],
  ['sent again', 'tcp.analysis.retransmission', '58982,40863,0', '0,0,0'],
  ['evening', 'frame.interface_name contains "evening"', '64764,58596,54998', '0,0,0'],
  ['baseline', 'frame.interface_name contains "baseline"', '56797,60909,63736', '0,0,0'],
];

export function wiresharkProfile(
  extracts: readonly ExtractEntry[],
): readonly { path: string; text: string }[] {
  const columns = COLUMNS.map(([title, format]) => `\t"${title}", "${format}"`).join(',\n');
  const buttons = [
    ['baseline', 'frame.interface_name contains "baseline"'],
    ['evening', 'frame.interface_name contains "evening"'],
    ...extracts.map(({ file, display_filter }) => [
      file.replace(/^extracts\//, '').replace(/\.pcapng$/, ''),
      display_filter,
    ]),
  ] as const;
  return [
    {
      path: `${PROFILE_FOLDER}/preferences`,
      text: `# Columns and times of the lagdiff profile.\ngui.column.format:\n${columns}\nnameres.mac_name: FALSE\nnameres.transport_name: FALSE\n`,
    },
    {
      path: `${PROFILE_FOLDER}/colorfilters`,
      text: `# Colours of the lagdiff profile.\n${COLOURS.map(([name, filter, back, front]) => `@${name}@${filter}@[${back}][${front}]\n`).join('')}`,
    },
    {
      path: `${PROFILE_FOLDER}/dfilter_buttons`,
      text: `# A button for each period and each claim.\n${buttons.map(([name, filter]) => `"TRUE",${text(name)},${text(filter)},""\n`).join('')}`,
    },
    {
      path: 'wireshark/README.txt',
      text: [
        'Wireshark: copy the folder lagdiff into Help > About > Folders > Personal configuration, below profiles, then',
        'Edit > Configuration Profiles > lagdiff. Or at once, from the folder of the annex:',
        '  wireshark -C lagdiff -r extracts/verdict.pcapng',
        '',
      ].join('\n'),
    },
  ];
}

/** As Wireshark's tables of its own write text: quotes and backslashes by their code. */
function text(value: string): string {
  return `"${value.replaceAll('\\', '\\x5c').replaceAll('"', '\\x22')}"`;
}
