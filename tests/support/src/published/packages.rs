//! What package managers and archives keep about their files.

use super::{Lists, Place, Published, ROW};

type Tools = &'static [(&'static str, &'static str)];

const PYTHON: Tools = &[("python3", "apt-get install python3")];
const NPM: Tools = &[("npm", "apt-get install npm")];
const ASCMHL: Tools = &[("ascmhl", "pip install ascmhl==1.2")];

const fn within(row: Published) -> Published {
    Published { place: Place::Within, ..row }
}

pub(super) const ROWS: &[Published] = &[
    Published { what: "dpkg's md5sums", manifest: "tree.md5sums", algorithms: &["md5"], script: "each md5sum", ..ROW },
    Published {
        what: "Alpine's and OpenWrt's sha256sums",
        manifest: "sha256sums",
        algorithms: &["sha256"],
        script: "each sha256sum -b",
        ..ROW
    },
    Published { what: "Debian's Release", manifest: "Release", algorithms: &["md5", "sha256"], script: RELEASE, ..ROW },
    Published {
        what: "a .dsc, clear-signed in form",
        manifest: "x_1.dsc",
        algorithms: &["sha1", "sha256"],
        script: DSC,
        ..ROW
    },
    Published {
        what: "a .changes file",
        manifest: "x_1.changes",
        algorithms: &["md5", "sha256"],
        script: CHANGES,
        ..ROW
    },
    Published {
        what: "Gentoo's Manifest",
        manifest: "Manifest",
        algorithms: &["blake2b", "sha512"],
        script: GENTOO,
        ..ROW
    },
    Published {
        what: "a wheel's RECORD",
        manifest: "RECORD",
        algorithms: &["sha256"],
        tools: PYTHON,
        script: RECORD,
        ..ROW
    },
    within(Published {
        what: ".cargo-checksum.json",
        manifest: ".cargo-checksum.json",
        algorithms: &["sha256"],
        tools: PYTHON,
        script: CARGO,
        ..ROW
    }),
    Published {
        what: "npm's package-lock.json over a tarball",
        manifest: "package-lock.json",
        algorithms: &["sha512"],
        tools: NPM,
        script: PACKAGE_LOCK,
        lists: Lists::OnlyA,
        ..ROW
    },
    Published {
        what: "subresource integrity beside names",
        manifest: "integrity.txt",
        algorithms: &["sha384"],
        tools: PYTHON,
        script: SRI,
        ..ROW
    },
    Published {
        what: "ascmhl create -h xxh64 -h md5",
        manifest: "ascmhl/0001.mhl",
        algorithms: &["md5", "xxh64"],
        tools: ASCMHL,
        script: ASC_MHL,
        place: Place::Within,
        ..ROW
    },
    Published { what: "MHL 1.1", manifest: "tree.mhl", algorithms: &["md5", "sha1"], script: MHL, ..ROW },
    within(Published {
        what: "an OCFL inventory",
        manifest: "inventory.json",
        algorithms: &["sha512"],
        tools: PYTHON,
        script: OCFL,
        ..ROW
    }),
    Published {
        what: "aws s3api list-objects-v2",
        manifest: "listing.json",
        algorithms: &["md5"],
        tools: PYTHON,
        script: S3,
        ..ROW
    },
];

const RELEASE: &str = "
printf 'Origin: Test\\nSuite: stable\\nDate: Sat, 28 Nov 2026 10:00:00 UTC\\nMD5Sum:\\n'
list() { for f in a 'sub/d' empty; do printf ' %s %16d %s\\n' \"$($1 \"$f\" | cut -d' ' -f1)\" \"$(stat -c %s \"$f\")\" \"$f\"; done; }
rm 'b c'; list md5sum; echo 'SHA256:'; list sha256sum";

const DSC: &str = "
rm 'b c'
list() { for f in a 'sub/d' empty; do printf ' %s %d %s\\n' \"$($1 \"$f\" | cut -d' ' -f1)\" \"$(stat -c %s \"$f\")\" \"$f\"; done; }
printf 'Format: 3.0 (quilt)\\nSource: x\\nVersion: 1\\nChecksums-Sha1:\\n'; list sha1sum
echo 'Checksums-Sha256:'; list sha256sum";

const CHANGES: &str = "
rm 'b c'
printf 'Format: 1.8\\nSource: x\\nVersion: 1\\nChecksums-Sha256:\\n'
for f in a sub/d empty; do printf ' %s %d %s\\n' \"$(sha256sum \"$f\" | cut -d' ' -f1)\" \"$(stat -c %s \"$f\")\" \"$f\"; done
echo 'Files:'
for f in a sub/d empty; do printf ' %s %d misc optional %s\\n' \"$(md5sum \"$f\" | cut -d' ' -f1)\" \"$(stat -c %s \"$f\")\" \"$f\"; done";

const GENTOO: &str = "
rm 'b c'
printf 'TIMESTAMP 2026-11-28T10:00:00Z\\n'
for f in a sub/d empty; do
  printf 'DATA %s %d BLAKE2B %s SHA512 %s\\n' \"$f\" \"$(stat -c %s \"$f\")\" \"$(b2sum \"$f\" | cut -d' ' -f1)\" \"$(sha512sum \"$f\" | cut -d' ' -f1)\"
done";

const RECORD: &str = "
python3 - <<'END'
import base64, csv, hashlib, os, sys
rows = csv.writer(sys.stdout, lineterminator='\\n')
for name in ['a', 'b c', 'empty', 'sub/d']:
    content = open(name, 'rb').read()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()
    rows.writerow([name, 'sha256=' + digest, len(content)])
rows.writerow(['x-1.dist-info/RECORD', '', ''])
END";

const CARGO: &str = "
python3 - <<'END'
import hashlib, json
files = {name: hashlib.sha256(open(name, 'rb').read()).hexdigest() for name in ['a', 'b c', 'empty', 'sub/d']}
json.dump({'files': files, 'package': '0' * 64}, open('.cargo-checksum.json', 'w'), separators=(',', ':'))
END";

const PACKAGE_LOCK: &str = "
mkdir \"$HOME/package\" && cp a \"$HOME/package/index.js\"
printf '{\"name\":\"x\",\"version\":\"1.0.0\"}' > \"$HOME/package/package.json\"
(cd \"$HOME/package\" && npm pack --silent >&2 && mv x-1.0.0.tgz ..)
mkdir \"$HOME/user\" && cd \"$HOME/user\"
printf '{\"name\":\"y\",\"version\":\"1.0.0\"}' > package.json
npm install --silent --offline --no-audit --no-fund ../x-1.0.0.tgz >&2
cp ../x-1.0.0.tgz \"$OLDPWD/a\"
sed 's|file:../x-1.0.0.tgz|https://registry.example/x/-/a|' package-lock.json > \"$M\"";

const SRI: &str = "
python3 - <<'END'
import base64, hashlib
for name in ['a', 'b c', 'empty', 'sub/d']:
    print('sha384-' + base64.b64encode(hashlib.sha384(open(name, 'rb').read()).digest()).decode(), name)
END";

const ASC_MHL: &str = "
ascmhl create -h xxh64 -h md5 . >&2
cp ascmhl/0001_*.mhl \"$M\"";

const MHL: &str = "
printf '<?xml version=\"1.0\" encoding=\"UTF-8\"?>\\n<hashlist version=\"1.1\">\\n<creatorinfo><name>T</name></creatorinfo>\\n'
each md5sum | while read -r digest name; do
  printf '<hash><file>%s</file><size>%d</size><md5>%s</md5><sha1>%s</sha1></hash>\\n' \"$name\" \"$(stat -c %s \"$name\")\" \"$digest\" \"$(sha1sum \"$name\" | cut -c1-40)\"
done
echo '</hashlist>'";

const OCFL: &str = "
python3 - <<'END'
import hashlib, json
names = ['a', 'b c', 'empty', 'sub/d']
digest = {name: hashlib.sha512(open(name, 'rb').read()).hexdigest() for name in names}
json.dump({'id': 'urn:x', 'type': 'https://ocfl.io/1.0/spec/#inventory', 'digestAlgorithm': 'sha512', 'head': 'v1',
           'contentDirectory': 'sub', 'manifest': {digest[name]: [name] for name in names},
           'versions': {'v1': {'created': '2026-11-28T10:00:00Z', 'message': 'm', 'user': {'name': 'n'},
                               'state': {digest[name]: [name] for name in names}}}}, open('inventory.json', 'w'))
END";

const S3: &str = "
python3 - <<'END'
import hashlib, json
names = ['a', 'b c', 'empty', 'sub/d']
contents = [{'Key': name, 'LastModified': '2026-11-28T10:00:00+00:00', 'Size': len(open(name, 'rb').read()),
             'ETag': '\"' + hashlib.md5(open(name, 'rb').read()).hexdigest() + '\"', 'StorageClass': 'STANDARD'} for name in names]
print(json.dumps({'Contents': contents}, indent=4))
END";
