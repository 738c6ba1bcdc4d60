"""A mail as a reader of mail sees it: headers decoded, text decoded."""
import email, email.policy, json, sys

with open(sys.argv[1], "rb") as raw:
    mail = email.message_from_binary_file(raw, policy=email.policy.default)
out = {name: str(mail[name]) for name in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")}
out["text"] = mail.get_content()
out["defects"] = [str(d) for d in mail.defects]
print(json.dumps(out, ensure_ascii=False))
