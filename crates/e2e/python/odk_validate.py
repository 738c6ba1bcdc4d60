"""What ODK Validate says about XForms: the validator that ODK's own form builder, pyxform, brings along.

odk_validate.py FORM.xml ...   prints {file name: {"valid": bool, "said": text}}
"""
import json, sys
from pathlib import Path
from pyxform.validators import odk_validate

# The jar is part of pyxform; Java is not.
if not odk_validate.install_ok():
    sys.exit("ODK Validate does not run: pyxform with its ODK_Validate.jar and Java are needed")


def look_at(path):
    try:
        said = odk_validate.check_xform(path)
    except odk_validate.ODKValidateError as fault:
        return {"valid": False, "said": str(fault)}
    # What it says about its own end is no warning about the form.
    ended = not any("too long" in s or "to long" in s or "Bad return code" in s for s in said)
    return {"valid": ended, "said": "\n".join(said)}


print(json.dumps({Path(path).name: look_at(path) for path in sys.argv[1:]}, ensure_ascii=False))
