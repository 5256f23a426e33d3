
# ---------------------------------------------------------------- the way in

[ $# -gt 0 ] || die usage 'no verb'
if [ "$1" = from ]; then
    use_origin "$2"
    shift 2
fi
verb=$1
shift
case $verb in
converse)
    converse "$@"
    exit
    ;;
# Root's, whatever a sudo has kept: what a bundle finds in its home is root's too.
worker | guard | recovery | resume | supervise | init-*) HOME=~root ;;
*) say hello $PROTOCOL ;;
esac
case $verb in
token | receive | examine | signers) ;;
history) [ "${1:-}" = '*' ] || use_bundle "${1:-}" ;;
probe) [ $# -eq 0 ] || use_bundle "$1" ;;
*) use_bundle "${1:-}" ;;
esac
case $verb in
probe | look | receive | compare | token | answers | logs | history | fetch | signers | worker | recovery | resume | supervise) "$verb" "$@" ;;
guard) watchdog "$@" ;;
deploy | rollback | start | stop | restart | remove | room | mark | drop) change "$verb" "$@" ;;
examine) examine "${SELF%/*}" ;;
init-start) start_supervisor ;;
init-stop) stop_supervisor ;;
init-restart) stop_supervisor && start_supervisor ;;
init-status)
    bundle_pid >/dev/null || { echo "$NAME is not running" && exit 3; }
    echo "$NAME is running"
    ;;
*) die usage "$verb" ;;
esac
