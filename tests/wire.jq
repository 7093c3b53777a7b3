# SPDX-License-Identifier: GPL-2.0-only
#
# tshark's JSON of a capture, decoded: see tests/wire.

# A frame may carry several messages, and then a protocol is a list.
def listed: if type == "array" then .[] elif . == null then empty else . end;
# What is in it, at whatever depth.
def first_of($field; $other): [.. | objects | .[$field]? | values | listed][0] // $other;

# Operations without arguments: GETFH, LOOKUPP, PUTPUBFH, PUTROOTFH, READLINK,
# RESTOREFH, SAVEFH. They have no tree in what was asked.
def bare: IN("10", "16", "23", "24", "27", "31", "32");
# An NFSv4 compound as its operations: [{op, said}]. Every answer has a tree.
def operations($asked):
	(.["nfs.ops.count_tree"] // {})
	| [.["nfs.opcode_tree"] | listed] as $trees
	| reduce (.["nfs.opcode"] | listed) as $op ({n: 0, all: []};
		if $asked and ($op | bare) then .all += [{op: $op, said: {}}]
		else .all += [{op: $op, said: ($trees[.n] // {})}] | .n += 1 end)
	| .all;

def names: {"12": "LOCK", "18": "OPEN", "35": "SETCLIENTID", "36": "SETCLIENTID_CONFIRM",
	"38": "WRITE", "42": "EXCHANGE_ID", "43": "CREATE_SESSION", "58": "RECLAIM_COMPLETE"};
# RFC 8881, 15.1; X/Open XNFS, nlm4_stats. Any other stays a number.
def nfs4_status: {"0": "NFS4_OK", "10008": "NFS4ERR_DELAY", "10010": "NFS4ERR_DENIED",
	"10013": "NFS4ERR_GRACE", "10022": "NFS4ERR_STALE_CLIENTID", "10033": "NFS4ERR_NO_GRACE",
	"10034": "NFS4ERR_RECLAIM_BAD", "10035": "NFS4ERR_RECLAIM_CONFLICT"}[.] // .;
def nlm_status: {"0": "NLM4_GRANTED", "1": "NLM4_DENIED", "2": "NLM4_DENIED_NOLOCKS",
	"3": "NLM4_BLOCKED", "4": "NLM4_DENIED_GRACE_PERIOD"}[.] // .;
def set: . == "1" or . == "true" or . == true;

# A range; NFSv4 says all ones for the end of the file, NLM 0.
def extent($type; $start; $length):
	[$type, $start, if $length == "18446744073709551615" then "0" else $length end];

# The operation at [$i] of an asked and an answered compound: [name, claim, status, file, ...]
def nfs4($asked; $answered):
	range($answered | length) as $i
	| names[$answered[$i].op] as $name
	| select($name)
	| $asked[$i].said as $a
	| ([$asked[:$i + 1][].said | first_of("nfs.fh.hash"; null) | values] | last // "-") as $file
	| [$name,
	   if $name == "OPEN" then
		if ($a | first_of("nfs.open.claim_type"; "")) == "1" then "reclaim" else "new" end
	   elif $name == "LOCK" then
		if ($a | first_of("nfs.lock.reclaim"; "0") | set) then "reclaim" else "new" end
	   else "-" end,
	   ($answered[$i].said | first_of("nfs.nfsstat4"; "?") | nfs4_status), $file]
	  + if $name == "LOCK" then
		extent(if ($a | first_of("nfs.locktype4"; "") | IN("1", "3")) then "read" else "write" end;
		      $a | first_of("nfs.offset4"; "?"); $a | first_of("nfs.length4"; "?"))
	    else [] end;

def nlm($asked; $answered):
	["NLM_LOCK", if ($asked | first_of("nlm.reclaim"; "0") | set) then "reclaim" else "new" end,
	 ($answered | first_of("nlm.stat"; "?") | nlm_status), ($asked | first_of("nfs.fh.hash"; "-"))]
	+ extent(if ($asked | first_of("nlm.exclusive"; "0") | set) then "write" else "read" end;
		$asked | first_of("nlm.lock.l_offset64"; "?"); $asked | first_of("nlm.lock.l_len64"; "?"));

reduce (.[]._source.layers
	| .frame["frame.time_epoch"] as $at
	| [.tcp | listed][0]["tcp.stream"] as $stream
	| [.rpc | listed] as $rpc
	| [.nfs, .nlm | listed] as $body
	| range($rpc | length)
	| {at: $at, id: "\($stream) \($rpc[.]["rpc.xid"])", answer: ($rpc[.]["rpc.msgtyp"] == "1"),
	   said: ($body[.] // {})}) as $m
	({asked: {}, out: []};
	 if $m.answer | not then .asked[$m.id] //= $m
	 elif .asked[$m.id] then
		.asked[$m.id] as $q
		| del(.asked[$m.id])
		| .out += [if $q.said | has("nlm.procedure_v4") then
				if $q.said["nlm.procedure_v4"] == "2" then nlm($q.said; $m.said) else empty end
			   else nfs4($q.said | operations(true); $m.said | operations(false)) end
			   | [$q.at, $m.at] + .]
	 else . end)
| .out[] | join(" ")
