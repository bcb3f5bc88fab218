# SPDX-License-Identifier: Apache-2.0
"""The drawn parts of a sprite: pixel art as text, one letter a pixel, and the palettes.

Letters: ``h i j`` hair (base, light, dark), ``s t`` skin, ``a b e`` first cloth, ``c d f`` second
cloth (base, dark, light each), ``w v`` white, ``x y`` accent, ``g`` gold, ``n m`` leather, ``k``
line, ``p q r`` iris (base, dark, light), ``o l`` mouth, ``u`` blush, ``.`` nothing.
"""

from __future__ import annotations

from typing import NamedTuple

CENTRE = 16  # sprites are symmetric about the left edge of this column


class Part(NamedTuple):
    """One drawn piece: rows of letters, and the row and column of its top left pixel."""

    top: int
    left: int
    rows: tuple[str, ...]


def whole(top, left, *rows):
    """Return a part drawn as it is."""
    return Part(top, left, rows)


def half(top, *rows):
    """Return a symmetric part; each row ends at the middle of the sprite and is mirrored there."""
    width = max(len(row) for row in rows)
    padded = [row.rjust(width, ".") for row in rows]
    return Part(top, CENTRE - width, tuple(row + row[::-1] for row in padded))


def pair(top, left, *rows):
    """Return a part drawn at column `left` and once more, mirrored, on the other side."""
    width = max(len(row) for row in rows)
    gap = 2 * (CENTRE - left - width)
    padded = [row.ljust(width, ".") for row in rows]
    return Part(top, left, tuple(row + "." * gap + row[::-1] for row in padded))


HEAD = half(
    6,
    "sssssss",
    "ssssssss",
    "ssssssss",
    "ssssssss",
    "ssssssss",
    "ssssssss",
    "sssssssss",
    "tssssssss",
    "ssssssss",
    "sssssss",
    "tssssss",
    "ttsss",
)

# Locks that lie over the face, and the crown.
FULL_FRINGE = (
    "......hhhhhhhh......",
    "....hhhiihhhhhhh....",
    "...hhiiihhhhhhhhh...",
    "..hhiihhhhhhhhhhhh..",
    ".hhhihhhhhhhhhhhhhh.",
    ".hhhhhhjhhhjhhhhhhj.",
    "hhhhhhhjhhhjhhhjhhjj",
    "hhhhhjhjhhjjhhjjhhhj",
)
PARTED_FRINGE = (
    "......hhhhhhhh......",
    "....hhhhhhhhiihh....",
    "...hhhhhhjhiiihhh...",
    "..hhhhhhjjhhiiihhh..",
    ".hhhhhhjjhhhhhihhhh.",
    ".hhhhhjj..hhhhhhhhj.",
    "hhhhhhj....jhhhhhhjj",
    "hhhhjj......jjhhhhhj",
)
SWEPT_FRINGE = (
    "......hhhhhhhh......",
    "....hhhhhiihhhhh....",
    "...hhhhiiihhhhhhh...",
    "..hhhhiihhhhhhhhhh..",
    ".hhhhhhhhhhhhhhhhhh.",
    ".hhhhhhhhhhhhhhjjhh.",
    "hhhhhhhhhhhhjjj..jhj",
    "hhhhhhhhjjjj......jj",
)
POINTED_FRINGE = (
    "......hhhhhhhh......",
    "....hhhiihhhhhhh....",
    "...hhiiihhhhhhhhh...",
    "..hhiihhhhhhhhhhhh..",
    ".hhhihhhhhhhhhhhhhh.",
    ".hhhhhhhhhhhhhhhhhj.",
    "hhhjhhhjhhhhjhhhjhhj",
    "hhj.hhj..hhj..hj.hjj",
)

# Side locks beside the face, by length.
SHORT_SIDES = pair(10, 6, "hhj", "hhj", "hj.", "j..")
LONG_SIDES = pair(10, 6, "hhj", "hhj", "hhj", "hhj", "hhj", "hhj", "hhhj", ".hhj", "..hj")
SHORT_BACK = half(7, *["jjjjjjjjj"] * 8)
LONG_BACK = half(7, *["jjjjjjjjjj"] * 10)

# name: (parts behind the body, parts over the face)
HAIR = {
    "bob": (
        (half(7, *["jjjjjjjjjj"] * 9, ".jjjjjjjjj", "..jjjjjjjj"),),
        (whole(2, 6, *FULL_FRINGE), LONG_SIDES),
    ),
    "short": (
        (SHORT_BACK,),
        (whole(2, 6, *SWEPT_FRINGE), pair(10, 6, "hj", "hj", "j.")),
    ),
    "spikes": (
        (SHORT_BACK,),
        (
            whole(
                0,
                5,
                "........h.............",
                ".......hh...hh........",
                "...h...hhh.hhh..hh....",
                "...hh.hhihhhhhhhh.....",
                "...hhhhiihhhhhhhhh.hh.",
                ".h..hhiihhhhhhhhhhhh..",
                ".hhhhiihhhhhhhhhhhhh..",
                "..hhhihhhhhhhhhhhhhhhh",
                "hhhhhhjhhhhhhjhhhhhhj.",
                ".hhhhjjhhhjhhjjhhjhhj.",
                "..hhj.jhhj.hhj.hhj.jhh",
                ".hhj...hj...j...hj.hj.",
                "..hj...............j..",
            ),
        ),
    ),
    "long": (
        (
            half(
                7,
                *["jjjjjjjjjj"] * 5,
                *["jjjjjjjjjjj"] * 5,
                *["jhjjjjjjjjj"] * 5,
                *["jhjjhjjjjjj"] * 2,
                ".hjjhjjjjjj",
                "..j.jjjjjjj",
            ),
        ),
        (whole(2, 6, *PARTED_FRINGE), LONG_SIDES),
    ),
    "twin tails": (
        (
            LONG_BACK,
            pair(
                6,
                1,
                "...hhh",
                "..hiihh",
                ".hiihhj",
                ".hihhhj",
                "hhihhj.",
                "hiihhj.",
                "hiihhj.",
                "hihhhj.",
                "hhhhhj.",
                "hhhhhj.",
                "hhhhjj.",
                "hhhhj..",
                ".hhhj..",
                ".hhhj..",
                ".hhj...",
                "..hj...",
                "..j....",
            ),
        ),
        (whole(2, 6, *POINTED_FRINGE), SHORT_SIDES, pair(6, 6, "x", "x")),
    ),
    "ponytail": (
        (
            SHORT_BACK,
            whole(
                2,
                22,
                "..hhh...",
                ".hhiihh.",
                "hhhhiihh",
                "hhhhhihh",
                ".jhhhhih",
                "..jhhhih",
                "...jhhhh",
                "...jhhhh",
                "...jhhhh",
                "...jhhhh",
                "...jhhhh",
                "...jhhhj",
                "...jhhhj",
                "...jhhj.",
                "...jhhj.",
                "..jhhj..",
                "..jhj...",
                "..jj....",
            ),
        ),
        (whole(2, 6, *SWEPT_FRINGE), SHORT_SIDES, whole(4, 22, "x.", "xx", ".x")),
    ),
    "buns": (
        (LONG_BACK,),
        (
            pair(0, 5, ".hhh.", "hiihh", "hihhj", "hhhjj", ".hjj."),
            whole(2, 6, *FULL_FRINGE),
            SHORT_SIDES,
        ),
    ),
    "braids": (
        (LONG_BACK,),
        (
            whole(2, 6, *PARTED_FRINGE),
            pair(10, 6, "hhj", "hhj", "hhj", "hj.", "hj."),
            pair(
                15,
                5,
                "hhj.",
                "hihj",
                "jhhj",
                ".jj.",
                "hihj",
                "jhhj",
                ".jj.",
                "hihj",
                "jhhj",
                ".xx.",
                ".hj.",
            ),
        ),
    ),
    "waves": (
        (
            half(
                7,
                "jjjjjjjjjj",
                "jjjjjjjjjjj",
                "hjjjjjjjjjj",
                "hhjjjjjjjjjj",
                "ihjjjjjjjjjj",
                "hhjjjjjjjjjj",
                "jhjjjjjjjjj",
                "hhjjjjjjjjj",
                "hihjjjjjjjjj",
                "ihhjjjjjjjjj",
                "hhjjjjjjjjjj",
                "jhhjjjjjjjj",
                "hhhjjjjjjjj",
                "hihjjjjjjjjj",
                "hhjjjjjjjjjj",
                ".jhj.jjjjjjj",
            ),
        ),
        (whole(2, 6, *SWEPT_FRINGE), LONG_SIDES),
    ),
    "curls": (
        (
            half(
                3,
                "....hhhhh",
                "..hhihhhhhh",
                ".hhiihhhhhhh",
                "hhiihhhjhhhh",
                "hihhhhjjjjjj",
                "hhhjjjjjjjjjj",
                "hhijjjjjjjjjj",
                "hiihjjjjjjjj",
                "hhhhjjjjjjjjj",
                "jhhjjjjjjjjjj",
                "hhihjjjjjjjjj",
                "hihhjjjjjjjj",
                "jhhjjjjjjjjj",
                ".jjhjjjjjjj",
            ),
        ),
        (
            half(
                3,
                "....hhhhh",
                "..hhihhjhh",
                ".hiihhhhihh",
                "hiihhjhiihh",
                "hhhhjhhhhhj",
                "hjhhhhjhhhh",
                "hhhjhhhjhhj",
                "hhj.jhj.jhj",
            ),
        ),
    ),
    "drills": (
        (
            LONG_BACK,
            pair(
                10,
                2,
                ".hhhhh",
                "hiihhhj",
                "jjhhhjj",
                ".hiihhj",
                ".jjhhjj",
                ".hiihhj",
                ".jjhhj.",
                "..hihj.",
                "..jjhj.",
                "..hihj.",
                "...jj..",
                "...hj..",
            ),
        ),
        (whole(2, 6, *FULL_FRINGE), SHORT_SIDES),
    ),
    "topknot": (
        (half(7, *["jjjjjjjjj"] * 6),),
        (
            whole(0, 13, ".hhhh.", "hiihhj", "hhhhjj", "xxxxxx"),
            whole(
                4,
                6,
                "......hhhhhhhh......",
                "....hhihhihhihhh....",
                "..hhhihhihhihhhhhh..",
                ".hhhihhihhhhihhhhhj.",
                ".hhhhhjjjjjjjjhhhhj.",
                "hhhhjj........jjhhhj",
                "hhj..............jhj",
                "hj................jj",
            ),
        ),
    ),
    "side braid": (
        (SHORT_BACK,),
        (
            whole(2, 6, *SWEPT_FRINGE),
            SHORT_SIDES,
            whole(
                13,
                21,
                ".hhhj",
                "hihhj",
                "hhhj.",
                "jjj..",
                "hihj.",
                "hhhj.",
                "jjj..",
                "hihj.",
                "hhj..",
                "xx...",
                "hj...",
            ),
        ),
    ),
    "ahoge": (
        (SHORT_BACK,),
        (
            whole(2, 6, *POINTED_FRINGE),
            pair(10, 5, ".hhj", "hhj.", ".hj."),
            whole(0, 15, "hhh.", "..hh", ".hhh"),
        ),
    ),
}

# Eyes lie in rows 11 to 14.
EYES = {
    "round": half(11, "kkk...", "qwq...", "qpq...", "rpr..."),
    "wide": half(11, "kkkk..", "wqqw..", "wpqw..", ".rp..."),
    "tall": half(10, ".kk...", "kkk...", "kwq...", ".pq...", ".rp..."),
    "sharp": half(11, "kk.....", ".kkk...", ".wqp...", "..pr..."),
    "sleepy": half(12, "kkkk...", ".qpw...", ".pr...."),
    "happy": half(12, ".kk...", "k..k.."),
    "wink": whole(11, 10, "kkk........", "qwq......kk", "qpq.....k..", "rpr........"),
}
MOUTHS = {
    "smile": whole(15, 14, "o..o", ".oo."),
    "line": whole(16, 15, "oo"),
    "open": whole(15, 15, "oo", "ll"),
    "small": whole(16, 15, "o"),
}
BLUSH = half(15, "u.....")

# Clothes with arms, hands, legs and shoes; rows 18 to 30.
CLOTHES = {
    "sailor": half(
        18,
        "...wccs",
        "..wwcccs",
        ".wwwwccx",
        ".wwvwwcx",
        ".cc.wwxx",
        ".ww.wwwy",
        ".ss.wwww",
        ".st.aaaa",
        "...aabaa",
        "..abaaba",
        "....sst.",
        "....www.",
        "....nnm.",
    ),
    "blazer": half(
        18,
        "...aaaw",
        "..aaaaww",
        ".aeaaaaw",
        ".aebaabx",
        ".ae.aaax",
        ".ab.aaag",
        ".ab.aaab",
        ".ss.baag",
        ".st.cdcc",
        "...cdccd",
        "....sst.",
        "....kkk.",
        "....nnm.",
    ),
    "gakuran": half(
        18,
        "...aaew",
        "..aaaaab",
        ".aeaaaag",
        ".aebaaab",
        ".ae.aaag",
        ".ab.aaab",
        ".ab.aaag",
        ".ss.aaab",
        ".st.baab",
        "....aab.",
        "....aab.",
        "....aab.",
        "...nnnm.",
    ),
    "suit": half(
        18,
        "...aaaw",
        "..aaabww",
        ".aeaabwx",
        ".aebaabx",
        ".ae.aabx",
        ".ab.aaab",
        ".ab.aaag",
        ".ww.aaab",
        ".ss.baab",
        "....aab.",
        "....aab.",
        "....aab.",
        "...nnnm.",
    ),
    "maid": half(
        18,
        "...aaww",
        "..eaawwx",
        ".eaawwww",
        ".aabwwww",
        ".ab.vwww",
        ".ww.awww",
        ".ss.xxxx",
        ".st.awww",
        "...aawww",
        "..aabwww",
        "..abbvww",
        ".wwvwwvw",
        "....nnm.",
    ),
    "apron": half(
        18,
        "...eacs",
        "..eacaac",
        ".eaaccaa",
        ".aabcccc",
        ".ab.cccc",
        ".ss.ccfc",
        ".st.cddd",
        "....ccdx",
        "....cccc",
        "....dccd",
        "....bab.",
        "....bab.",
        "...nnnm.",
    ),
    "dress": half(
        18,
        ".....xs",
        "...eaxs",
        "..eeaaxx",
        ".eabaaax",
        ".ss.aaaa",
        ".ss.baaa",
        ".st.yxxx",
        ".st.aaaa",
        "...eaaba",
        "..eabaab",
        ".eaabaab",
        ".fffffff",
        "....nnm.",
    ),
    "hoodie": half(
        18,
        ".bbeaaa",
        ".beeabbw",
        "eeaaaaab",
        "eaabaawa",
        "eaa.aawa",
        "eab.abbb",
        "eab.baaa",
        ".ss.baaa",
        ".st.bbbb",
        "....ccd.",
        "....ccd.",
        "....ccd.",
        "...xxxw.",
    ),
    "kimono": half(
        18,
        "...eaws",
        "..eaabww",
        ".eaaaabw",
        ".eaabaab",
        "eaab.aaa",
        "eaab.xxx",
        "eaab.yxg",
        "aass.xxx",
        ".bst.aab",
        "....aaab",
        "....aaab",
        "....aaab",
        "....wnnn",
    ),
    "armour": half(
        18,
        "..veeab",
        ".vweeaaa",
        ".weabeaa",
        ".bbbeeax",
        ".cd.eaax",
        ".ea.abax",
        ".ea.aabb",
        ".nn.gggg",
        ".nm.eaba",
        "...eabda",
        "....ccd.",
        "....eab.",
        "...eeab.",
    ),
    "robe": half(
        18,
        "...eaag",
        "..eaaagg",
        ".eaaaaga",
        ".eaabaga",
        "eaab.aga",
        "eaab.aga",
        "eaab.xxx",
        "ggss.aga",
        ".sst.aga",
        "...eaaga",
        "..eaabga",
        "..eabbga",
        "..gggggg",
    ),
    "tracksuit": half(
        18,
        "...aaww",
        "..waaaaw",
        ".ewaaaaw",
        ".aw.aaaw",
        ".aw.aaaw",
        ".aw.aaaw",
        ".aw.baaw",
        ".ss.bbbb",
        ".st.aab.",
        "....wab.",
        "....wab.",
        "....wab.",
        "...wwwv.",
    ),
    "t-shirt": half(
        18,
        "...easss",
        "..eeaass",
        ".eeaaaaa",
        ".eabaxxa",
        ".ss.axxx",
        ".ss.aaxx",
        ".st.baaa",
        ".st.cccc",
        "....cdcd",
        "....ccd.",
        "....sst.",
        "....www.",
        "...xxxy.",
    ),
    "overalls": half(
        18,
        "...wcws",
        "..wwcwws",
        ".wwwcdww",
        ".wwvgccc",
        ".ww.cccc",
        ".ss.cfcc",
        ".st.cccc",
        ".st.cdcc",
        "....ccd.",
        "....ccd.",
        "....ccd.",
        "....fff.",
        "...nnnm.",
    ),
}

ACCESSORIES = {
    "none": (),
    "glasses": (half(11, "xxxxx..", "x...xxx", "x...x..", "x...x..", ".xxx..."),),
    "ribbon": (whole(2, 17, "xx...xx", "xxx.xxx", "xyxxxyx", "xxy.yxx", "xx...xx"),),
    "headphones": (
        half(1, "....kkkk", "..kkxxxx", ".kx.....", "kx......"),
        pair(10, 4, ".xx", "xxy", "xxy", "xxy", ".yy"),
    ),
    "cat ears": (pair(0, 7, "hh...", "hshh.", "hsshh", "hssshh"),),
    "crown": (half(0, "g...g", "gg.gg", "ggggg", "gxggx", "ggggg"),),
    "flower": (whole(5, 20, ".xx.", "xgyx", "xggx", ".xx."),),
    "witch hat": (
        whole(
            0,
            4,
            "...........xxxx.........",
            "..........xxxyy.........",
            "........xxxxxy..........",
            ".......xxxxxxyy.........",
            "......xxxxxxxxyyy.......",
            "......ggggggggggg.......",
            "..xxxxxxxxxxxxxxxyyyyy..",
            "xxxxxxxxxxxxxxxxxxxyyyyy",
        ),
    ),
    "cap": (
        whole(
            1,
            6,
            "......xxxxxxxx......",
            "....xxxxxxxxxxyy....",
            "...xxxxxwwxxxxxyy...",
            "..xxxxxwwwwxxxxxyy..",
            "..xxxxxwwwwxxxxxxyy.",
            ".xxxxxxxxxxxxxxxxyy.",
            "yyyyyyyyyyyyyyyyyyyy",
            ".kkkkkkkkk..........",
        ),
    ),
    "beret": (
        whole(
            0,
            5,
            "..........xx........",
            "....xxxxxxxxxxxx....",
            "..xxxxxxxxxxxxxxxx..",
            ".xxxxxxxxxxxxxxxxyy.",
            "xxxxxxxxxxxxxxxxyyyy",
            ".yyyyyyyyyyyyyyyyyy.",
        ),
    ),
    "scarf": (
        half(17, "..xxxxxx", ".xxxyxxx", "..xyyyyy"),
        whole(20, 18, "xxx", "xxy", "xxy", "xxy", "x.y"),
    ),
    "bunny ears": (pair(0, 9, ".ww", "wuw", "wuw", "wuw", "wuw"),),
}
