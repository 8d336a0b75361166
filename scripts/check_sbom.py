"""Checks a bill of materials (make sbom) by the rules of SPDX 2.3: python scripts/check_sbom.py FILE.spdx.json

Needs spdx-tools; where it is missing, that is said, and nothing is checked.
"""

import sys

try:
    from spdx_tools.spdx.parser.error import SPDXParsingError
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
except ImportError:
    print("not checked: pip install spdx-tools", file=sys.stderr)
    sys.exit(0)

try:
    faults = [f"{m.context.spdx_id}: {m.validation_message}" for m in validate_full_spdx_document(parse_file(sys.argv[1]), "SPDX-2.3")]
except SPDXParsingError as e:
    faults = e.get_messages()
print("\n".join(faults) or f"{sys.argv[1]}: as SPDX 2.3 has it", file=sys.stderr if faults else sys.stdout)
sys.exit(bool(faults))
