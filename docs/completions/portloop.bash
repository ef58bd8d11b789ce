# bash completion for portloop and portloop-lab

_portloop() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "scan compare diff explain watch merge help --help --version" -- "$word"))
    return
  fi
  if [[ ${COMP_WORDS[1]} == help ]]; then
    COMPREPLY=($(compgen -W "scan compare diff explain watch merge" -- "$word"))
    return
  fi
  if [[ ${COMP_WORDS[1]} == diff ]]; then
    case $before in
      -f|--format) COMPREPLY=($(compgen -W "text json" -- "$word")) ;;
      --ignore) COMPREPLY=($(compgen -W "reason banner reason,banner" -- "$word")) ;;
      --color) COMPREPLY=($(compgen -W "auto always never" -- "$word")) ;;
      *)
        if [[ $word == -* ]]; then
          COMPREPLY=($(compgen -W "-f --format --complete --ignore --color --no-color -q --quiet -h --help" -- "$word"))
        else
          COMPREPLY=($(compgen -f -- "$word"))
        fi
        ;;
    esac
    return
  fi
  if [[ ${COMP_WORDS[1]} == explain ]]; then
    case $before in
      -f|--format) COMPREPLY=($(compgen -W "text json" -- "$word")) ;;
      -t|--timeout|--tries) ;;
      --color) COMPREPLY=($(compgen -W "auto always never" -- "$word")) ;;
      *)
        if [[ $word == -* ]]; then
          COMPREPLY=($(compgen -W "-t --timeout --tries -4 -6 -f --format --color --no-color -h --help" -- "$word"))
        else
          COMPREPLY=($(compgen -A hostname -S : -- "$word"))
        fi
        ;;
    esac
    return
  fi
  if [[ ${COMP_WORDS[1]} == watch ]]; then
    case $before in
      -f|--format) COMPREPLY=($(compgen -W "text json" -- "$word")); return ;;
      --exec) COMPREPLY=($(compgen -c -- "$word")); return ;;
      --state|--prometheus) COMPREPLY=($(compgen -f -- "$word")); return ;;
      --interval) COMPREPLY=($(compgen -W "60s 5m 1h" -- "$word")); return ;;
    esac
    if [[ $word == -* ]]; then
      COMPREPLY=($(compgen -W "--interval --rounds --state --exec --prometheus -f --format -p --ports --exclude-ports --exclude
        --exclude-file -i --input-file -4 -6 --all-addresses -l --loops -c --in-flight -r --rate -t --timeout --retries
        --timing --connector --source --interface --dscp --mark --color --no-color --progress -v --verbose -q --quiet -h --help" -- "$word"))
      return
    fi
  fi
  case $before in
    -f|--format) COMPREPLY=($(compgen -W "text json csv xml grepable list" -- "$word")); return ;;
    --timing) COMPREPLY=($(compgen -W "adaptive fixed" -- "$word")); return ;;
    --order) COMPREPLY=($(compgen -W "random sequential" -- "$word")); return ;;
    --all-ports-open) COMPREPLY=($(compgen -W "skip scan" -- "$word")); return ;;
    --show) COMPREPLY=($(compgen -W "open all" -- "$word")); return ;;
    --progress|--color) COMPREPLY=($(compgen -W "auto always never" -- "$word")); return ;;
    --connector) COMPREPLY=($(compgen -W "fastest portable" -- "$word")); return ;;
    --interface) COMPREPLY=($(compgen -W "$(ls /sys/class/net 2>/dev/null)" -- "$word")); return ;;
    --banners) COMPREPLY=($(compgen -W "read http" -- "$word")); return ;;
    -p|--ports) COMPREPLY=($(compgen -W "common all" -- "$word")); return ;;
    -l|--loops|--shard) COMPREPLY=($(compgen -W "auto" -- "$word")); return ;;
    -i|--input-file|--exclude-file|--output-all|--checkpoint|--resume) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  if [[ ${COMP_WORDS[1]} == scan && $word == -* ]]; then
    COMPREPLY=($(compgen -W "-p --ports --exclude-ports --exclude --exclude-file -i --input-file -4 -6 --all-addresses
      -l --loops -c --in-flight -r --rate -t --timeout --retries --timing --order --seed --shard --discover --stop-after
      --all-ports-open --max-time --connector --source --interface --dscp --mark --identify --identify-timeout --printers --banners --banner-timeout -f --format -o --output --output-all --overwrite --show --names --live --checkpoint --resume --progress
      --stats-every --nmap-command -q --quiet -v --verbose --color --no-color --no-sandbox --json-schema -h --help" -- "$word"))
  elif [[ ${COMP_WORDS[1]} == merge && $word == -* ]]; then
    COMPREPLY=($(compgen -W "-f --format -o --output --overwrite --names --show -q --quiet -h --help" -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "--help" -- "$word"))
  elif [[ ${COMP_WORDS[1]} == merge ]]; then
    COMPREPLY=($(compgen -f -- "$word"))
  else
    COMPREPLY=($(compgen -A hostname -- "$word"))
  fi
}

_portloop_lab() {
  COMPREPLY=($(compgen -W "--truth --check --list --show --seed --counters --open-only -p --ports -h --help --version" \
    -- "${COMP_WORDS[COMP_CWORD]}"))
}

complete -F _portloop portloop
complete -F _portloop_lab portloop-lab
