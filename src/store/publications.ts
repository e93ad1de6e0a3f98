/** Documents that phones published, in SQLite. RFC 3903 §6. */

import type Database from "better-sqlite3";
import type { PublicationRow, PublicationStore } from "../gateway/sides";
import type { GroupCommit } from "./group-commit";

/** Written in the call, in the transaction that the group commit ends: every read gives what was put before it. */
export class SqlitePublications implements PublicationStore {
  readonly #commit: GroupCommit;
  readonly #put: Database.Statement;
  readonly #remove: Database.Statement;
  readonly #get: Database.Statement;
  readonly #of: Database.Statement;
  readonly #expired: Database.Statement;
  readonly #nextExpiry: Database.Statement;

  constructor(database: Database.Database, commit: GroupCommit) {
    this.#commit = commit;
    this.#put = database.prepare("INSERT OR REPLACE INTO publication VALUES (?, ?, ?, ?, ?, ?)");
    this.#remove = database.prepare("DELETE FROM publication WHERE etag = ?");
    this.#get = database.prepare(`${SELECT} WHERE etag = ?`);
    this.#of = database.prepare(`${SELECT} WHERE presentity = ? ORDER BY modified_at DESC, rowid DESC`);
    this.#expired = database.prepare(`${SELECT} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`);
    this.#nextExpiry = database
      .prepare("SELECT expires_at FROM publication ORDER BY expires_at LIMIT 1")
      .pluck();
  }

  async putPublication(row: PublicationRow, replaces?: string): Promise<void> {
    const { etag, presentity, contentType, body, expiresAt, modifiedAt } = row;
    await this.#commit.now(() => {
      if (replaces !== undefined) this.#remove.run(replaces);
      this.#put.run(etag, presentity, contentType, body, expiresAt, modifiedAt);
    });
  }

  async removePublication(etag: string): Promise<void> {
    await this.#commit.now(() => this.#remove.run(etag));
  }

  getPublication(etag: string): PublicationRow | undefined {
    return this.#get.get(etag) as PublicationRow | undefined;
  }

  publicationsOf(presentity: string): readonly PublicationRow[] {
    return this.#of.all(presentity) as PublicationRow[];
  }

  expiredPublications(now: number, limit: number): readonly PublicationRow[] {
    return this.#expired.all(now, limit) as PublicationRow[];
  }

  nextPublicationExpiry(): number | undefined {
    return this.#nextExpiry.get() as number | undefined;
  }
}

const SELECT =
  "SELECT etag, presentity, content_type AS contentType, body, expires_at AS expiresAt, modified_at AS modifiedAt FROM publication";
