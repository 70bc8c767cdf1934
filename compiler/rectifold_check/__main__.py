"""python -I -m rectifold_check NETWORK.json DOMAIN.json CERTIFICATE.jsonl [RESULT.json]

Exit status: 0 the certificate holds (a line says on how many trusted claims), 1 refused, 2 wrong use.
"""

import sys
from pathlib import Path

from rectifold_check.checker import check


def main(arguments: list[str]) -> int:
    if len(arguments) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        texts = [Path(a).read_text(encoding="utf-8") for a in arguments]
    except (OSError, UnicodeDecodeError) as error:
        print(f"cannot read: {error}", file=sys.stderr)
        return 2
    other = texts[3].strip() if len(texts) == 4 else None
    verdict = check(texts[0].strip(), texts[1].strip(), texts[2].splitlines(), other)
    print(
        verdict.status
        + (f" ({verdict.trusted})" if verdict.trusted else "")
        + (f": {verdict.reason}" if verdict.reason else "")
    )
    return 0 if verdict.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
