# Arithmetic, strings and functions of the shell, without other programs.
declare -i sum=0
digits() { sum+=${#1}; }
for ((i = 0; i < $1; i++)); do
  case $i in
    *7) digits "$i" ;;
    *[02468]) sum+=i%9 ;;
  esac
done
echo "$sum $i"
