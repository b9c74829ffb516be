"""Our month beside the vendor's activity file and invoice, session by session and cent by cent (docs/rules.md §18).

package, sheets    a hostile .xlsx, read in one pass and bounded memory    roles, activity   what its columns are
invoice            the vendor's invoice, as typed                          ours              what the ledger holds
sessions, bridge   what differs, and the money of each difference          notes, letter     working the list
matching           all of it put together                                  files             what is written and noted
"""
