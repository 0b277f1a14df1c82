// A table: its columns say what they show. On narrow screens each row is a card. Rows may be
// chosen, and columns sorted by.
import type { ComponentChildren } from "preact";

export interface Column<Row> {
  /** Unique; also what `sort` names. */
  key: string;
  title: string;
  /** Of figures, which stand at the right. */
  isNumber?: boolean;
  isSortable?: boolean;
  /** Takes a line of its own where rows are cards. */
  isWide?: boolean;
  cell(row: Row): ComponentChildren;
}

export interface Sort {
  key: string;
  isDescending: boolean;
}

export interface Choice {
  chosen: ReadonlySet<string>;
  /** Says what a row is, for its checkbox. */
  label(key: string): string;
  change(chosen: Set<string>): void;
}

interface DataTableProps<Row> {
  /** For those who do not see the page. */
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  /** Unique among the rows. */
  keyOf(row: Row): string;
  sort?: Sort;
  onSort?(sort: Sort): void;
  choice?: Choice;
  /** What to say without rows. */
  empty: ComponentChildren;
}

// The roles stay what they are also where the style makes cards of the rows.
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { caption, columns, rows, keyOf, choice, empty } = props;
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <div class="table-frame">
      <table role="table" aria-label={caption}>
        <thead role="rowgroup">
          <tr role="row">
            {choice && (
              <th role="columnheader" class="check">
                <ChooseAll choice={choice} keys={rows.map(keyOf)} />
              </th>
            )}
            {columns.map((column) => (
              <Head key={column.key} column={column} {...props} />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => {
            const key = keyOf(row);
            return (
              <tr role="row" key={key} class={choice?.chosen.has(key) ? "chosen" : ""}>
                {choice && (
                  <td role="cell" class="check">
                    <Choose choice={choice} of={key} />
                  </td>
                )}
                {columns.map((column, at) => (
                  <td
                    role={at === 0 ? "rowheader" : "cell"}
                    key={column.key}
                    class={column.isNumber ? "number" : column.isWide ? "wide" : ""}
                    data-title={column.title}
                  >
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Head<Row>({
  column: { key, title, isNumber, isSortable },
  sort,
  onSort,
}: Pick<DataTableProps<Row>, "sort" | "onSort"> & { column: Column<Row> }) {
  const isSorted = sort?.key === key;
  const order = isSorted ? (sort.isDescending ? "descending" : "ascending") : "none";
  const change = () => onSort!({ key, isDescending: isSorted ? !sort.isDescending : !!isNumber });
  return (
    <th role="columnheader" class={isNumber ? "number" : ""} aria-sort={order}>
      {isSortable && onSort ? (
        <button class="sort" onClick={change}>
          {title}
          <span aria-hidden="true">{isSorted ? (sort.isDescending ? " ↓" : " ↑") : ""}</span>
        </button>
      ) : (
        title
      )}
    </th>
  );
}

function Choose({ choice: { chosen, label, change }, of: key }: { choice: Choice; of: string }) {
  const toggle = () => {
    const changed = new Set(chosen);
    if (!changed.delete(key)) changed.add(key);
    change(changed);
  };
  return (
    <input
      type="checkbox"
      aria-label={`Select ${label(key)}`}
      checked={chosen.has(key)}
      onChange={toggle}
    />
  );
}

function ChooseAll({ choice: { chosen, change }, keys }: { choice: Choice; keys: string[] }) {
  const isAll = keys.every((key) => chosen.has(key));
  return (
    <input
      type="checkbox"
      aria-label="Select all on this page"
      checked={isAll}
      onChange={() => change(new Set(isAll ? [] : keys))}
    />
  );
}
