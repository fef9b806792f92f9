/* Window functions: a row and its neighbours.  Documentation; the loops are the plan's windows.
 */
#include "func/doc_only.h"

#define WHERE                                                                                 \
    "\nRows count in the order that the relation has (sort first); within `group` each part " \
    "by itself, and\n"                                                                        \
    "within a list each list."

static const cf_builtin builtins[] = {
    ENTRY(WINDOW, "row_number", "row_number this", "The row's position, from 1." WHERE,
          THREE "derive {n = row_number this}", "k,x,n\na,1,1\nb,2,2\na,3,3\n", "rank take"),
    ENTRY(WINDOW, "lag", "lag n x",
          "x of the row n before this one; null for the first n rows." WHERE,
          THREE "select {x, before = lag 1 x}", "x,before\n1,\n2,1\n3,2\n", "lead first"),
    ENTRY(WINDOW, "lead", "lead n x",
          "x of the row n after this one; null for the last n rows." WHERE,
          THREE "select {x, after = lead 1 x}", "x,after\n1,2\n2,3\n3,\n", "lag last"),
    ENTRY(WINDOW, "rank", "rank x",
          "1 + the number of rows that sort before this one; equal rows have the same rank and "
          "leave a gap.\n"
          "It follows the `sort` in front of it; without one it is an error." WHERE,
          "from [{x = 3}, {x = 5}, {x = 3}]\nsort {-x}\nderive {r = rank x}",
          "x,r\n5,1\n3,2\n3,2\n", "rank_dense row_number sort"),
    ENTRY(
        WINDOW, "rank_dense", "rank_dense x",
        "As rank, but without gaps: 1 + the number of different values that sort before." WHERE,
        "from [{x = 3}, {x = 5}, {x = 3}, {x = 1}]\nsort {-x}\nderive {r = rank_dense x}",
        "x,r\n5,1\n3,2\n3,2\n1,3\n", "rank sort"),
    ENTRY(WINDOW, "first", "first x; list | first",
          "As a window function, x of the first row.  Of a list its first element, as in (Jet "
          "| first): a tuple,\n"
          "null if there is none; fields of null are null." WHERE,
          JETS "select {id, pt = (Jet | first).pt}", "id,pt\n1,50.0\n2,20.0\n",
          "last take min_by max_by"),
    ENTRY(WINDOW, "last", "last x; list | last",
          "As a window function, x of the last row that does not sort after this one (without "
          "`sort`, of this\n"
          "row's part: the last).  Of a list its last element, null if there is none." WHERE,
          JETS "select {id, pt = (Jet | last).pt}", "id,pt\n1,30.0\n2,20.0\n", "first take"),
};

const cf_family cf_family_windows = {"window functions", builtins, CF_COUNT(builtins)};
